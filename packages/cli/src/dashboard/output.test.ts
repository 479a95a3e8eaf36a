import { execFileSync } from 'node:child_process';
import { type FileHandle, constants, mkdir, open, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { HostOutput } from '../host.js';
import { TestFolder } from '../test-folder.fixture.js';
import { outputTo } from './output.js';

let folder: TestFolder;
let handles: FileHandle[];

beforeEach(async () => {
  folder = await TestFolder.create();
  handles = [];
});

afterEach(async () => {
  for (const handle of handles) await handle.close();
  await folder[Symbol.asyncDispose]();
});

/** A stream of the process; only its descriptor is used. */
function streamOf(fd: number, write: (text: string) => void = () => {}): HostOutput {
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      write(chunk.toString());
      done();
    },
  });
  return Object.assign(stream, { fd });
}

async function opened(path: string, flags: number): Promise<FileHandle> {
  const handle = await open(path, flags);
  handles.push(handle);
  return handle;
}

test.skipIf(process.platform !== 'linux')(
  'checking a pipe does not stop require() from following links (only Linux can open a pipe again)',
  async () => {
    const pipe = folder.of('pipe');
    execFileSync('mkfifo', [pipe]);
    const { fd } = await opened(pipe, constants.O_RDWR);
    // A package linked as by a package manager.
    const index = await folder.write('store/index.js', '');
    await folder.write('plain.js', '');
    await mkdir(folder.of('node_modules'));
    await symlink(folder.of('store'), folder.of('node_modules/linked'));
    const entry = createRequire(folder.of('entry.js'));
    // Node caches the folders from here on.
    entry.resolve('./plain.js');
    outputTo(streamOf(fd))[Symbol.dispose]();
    expect(entry.resolve('linked')).toBe(index);
  },
);

test.skipIf(process.platform !== 'linux')(
  'writing to a pipe without a reader does not wait: whole lines are dropped',
  async () => {
    const pipe = folder.of('pipe');
    execFileSync('mkfifo', [pipe]);
    const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
    const reader = await opened(pipe, O_RDONLY | O_NONBLOCK);
    const { fd } = await opened(pipe, O_WRONLY);
    const output = outputTo(streamOf(fd));
    // Much more than a pipe holds: a Node stream would block here.
    const line = `${'x'.repeat(999)}\n`;
    for (let count = 0; count < 1_000; count += 1) output.write(line);
    output[Symbol.dispose]();
    const { bytesRead, buffer } = await reader.read(Buffer.alloc(2_000_000));
    expect(bytesRead).toBeGreaterThan(0);
    expect(bytesRead).toBeLessThan(1_000_000);
    expect(bytesRead % line.length).toBe(0);
    expect(buffer.toString('utf8', 0, line.length)).toBe(line);
  },
);

test.skipIf(process.platform !== 'linux')(
  'a pipe whose reader has ended is not an error',
  async () => {
    const pipe = folder.of('pipe');
    execFileSync('mkfifo', [pipe]);
    const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
    const reader = await open(pipe, O_RDONLY | O_NONBLOCK);
    const { fd } = await opened(pipe, O_WRONLY);
    const output = outputTo(streamOf(fd));
    await reader.close();
    output.write('is anybody there?\n');
    output[Symbol.dispose]();
  },
);

test('a file is written by the stream, which knows its position', async () => {
  const path = folder.of('stderr.log');
  const { O_CREAT, O_WRONLY } = constants;
  const { fd } = await opened(path, O_CREAT | O_WRONLY);
  const written: string[] = [];
  const output = outputTo(streamOf(fd, (text) => written.push(text)));
  output.write('a line\n');
  expect(written).toEqual(['a line\n']);
  expect(await readFile(path, 'utf8')).toBe('');
});

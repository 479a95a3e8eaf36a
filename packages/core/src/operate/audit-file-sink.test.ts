import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { appendFile, mkdir, open, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { AuditEvent } from './audit-event.js';
import { openAuditFile } from './audit-file-sink.js';
import type { AuditFileSink } from './audit-options.js';
import { TestFolder } from './files.fixture.js';
import type { Delivery, QueuedEvent } from './sink-queue.js';

let folder: TestFolder;
const opened: Delivery[] = [];
const never = new AbortController().signal;

beforeEach(async () => {
  folder = await TestFolder.make();
});

afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
  await folder[Symbol.asyncDispose]();
});

async function fileSink(given: Partial<AuditFileSink> = {}): Promise<Delivery> {
  const made = await openAuditFile(
    { file: folder.of('audit.jsonl'), ...given },
    'audit-file',
    () => {},
  );
  opened.push(made);
  return made;
}

function entry(seq: number, more = ''): QueuedEvent {
  const event = { schemaVersion: 1, seq, event: 'worker.closed', worker: 'w', details: { more } };
  return { event: event as unknown as AuditEvent, line: `${JSON.stringify(event)}\n` };
}

async function seqs(name = 'audit.jsonl'): Promise<readonly number[]> {
  const lines = (await readFile(folder.of(name), 'utf8')).split('\n').filter(Boolean);
  return lines.map((line) => (JSON.parse(line) as { seq: number }).seq);
}

test.each([false, true])(
  'events are appended, readable by their user only (fsync: %s)',
  async (fsync) => {
    const first = await fileSink({ fsync });
    expect(await first.send([entry(1), entry(2)], never)).toEqual({ done: 2 });
    await first.close();
    await (await fileSink({ fsync })).send([entry(1)], never);
    expect(await seqs()).toEqual([1, 2, 1]);
    expect((await stat(folder.of('audit.jsonl'))).mode & 0o777).toBe(0o600);
  },
);

test('with fsync, what the disk does not confirm counts as not written, and without it is not asked', async () => {
  const handle = await open(folder.of('other'), 'w');
  await handle.close();
  const eio = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
  const prototype = Object.getPrototypeOf(handle) as typeof handle;
  const datasync = vi.spyOn(prototype, 'datasync').mockRejectedValueOnce(eio);
  try {
    const careless = await fileSink();
    expect(await careless.send([entry(1)], never)).toEqual({ done: 1 });
    expect(datasync).not.toHaveBeenCalled();
    await careless.close();
    const sink = await fileSink({ fsync: true });
    expect(await sink.send([entry(2), entry(3)], never)).toMatchObject({
      done: 0,
      failed: { again: true, error: { message: /EIO/ } },
    });
    expect(await sink.send([entry(2), entry(3)], never)).toEqual({ done: 2 });
    expect(await seqs()).toEqual([1, 2, 3, 2, 3]);
  } finally {
    datasync.mockRestore();
  }
});

test('above its size the file is renamed, and the last ones are kept', async () => {
  const sink = await fileSink({ maxFileMb: 1, keepFiles: 2 });
  const half = 'x'.repeat(600_000);
  for (const seq of [1, 2, 3, 4]) await sink.send([entry(seq, half)], never);
  expect([await seqs(), await seqs('audit.jsonl.1'), await seqs('audit.jsonl.2')]).toEqual([
    [4],
    [3],
    [2],
  ]);
});

test('after a run that died within a line, the next one begins a new line', async () => {
  await (await fileSink()).send([entry(1)], never);
  await appendFile(folder.of('audit.jsonl'), '{"schemaVersion":1,"se');
  await (await fileSink()).send([entry(1)], never);
  const text = await readFile(folder.of('audit.jsonl'), 'utf8');
  expect(
    text
      .trim()
      .split('\n')
      .map((line) => line.slice(-1)),
  ).toEqual(['}', 'e', '}']);
});

test.each<[string, string, () => Promise<unknown>, RegExp]>([
  [
    'a directory',
    'audit.jsonl',
    () => mkdir(folder.of('audit.jsonl')),
    /cannot be written: EISDIR/,
  ],
  [
    'in a file',
    'file/audit.jsonl',
    () => writeFile(folder.of('file'), ''),
    /cannot be written: E(NOTDIR|EXIST)/,
  ],
  [
    'a link',
    'audit.jsonl',
    () => symlink('/dev/null', folder.of('audit.jsonl')),
    /it is a symbolic link/,
  ],
  [
    'a file with other content',
    'audit.jsonl',
    () => writeFile(folder.of('audit.jsonl'), 'my thesis\n'),
    /it has other content than an audit of OpenRTC; use another path/,
  ],
  [
    'a file of metrics',
    'audit.jsonl',
    () =>
      writeFile(
        folder.of('audit.jsonl'),
        '{"schemaVersion":1,"seq":1,"worker":"w","kind":"event"}\n',
      ),
    /it has other content/,
  ],
])('a path that is %s fails the start', async (_what, name, make, message) => {
  await make();
  await expect(fileSink({ file: folder.of(name) })).rejects.toMatchObject({
    code: 'CONFIG_AUDIT_FILE',
    message: expect.stringMatching(message) as string,
  });
});

test.skipIf(process.platform !== 'linux')(
  'so does a folder without permission (/sys: Linux)',
  async () => {
    // Not even root may create a file there.
    await expect(fileSink({ file: '/sys/kernel/audit.jsonl' })).rejects.toMatchObject({
      code: 'CONFIG_AUDIT_FILE',
      message: expect.stringMatching(/cannot be written: (EACCES|EPERM|EROFS)/) as string,
    });
  },
);

test('a full disk takes nothing, and may take it later', async () => {
  const sink = await fileSink({ file: '/dev/full' });
  const sent = await sink.send([entry(1)], never);
  expect(sent).toMatchObject({
    done: 0,
    failed: { again: true, error: { code: 'CONFIG_AUDIT_FILE', message: /ENOSPC/ } },
  });
});

test('a pipe without a reader takes nothing; when it has one, it takes all', async () => {
  const path = folder.of('pipe');
  execFileSync('mkfifo', [path]);
  const sink = await fileSink({ file: path, fsync: true });
  expect(await sink.send([entry(1)], never)).toMatchObject({ done: 0, failed: { again: true } });
  const reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    expect(await sink.send([entry(1)], never)).toEqual({ done: 1 });
    const { buffer, bytesRead } = await reader.read(Buffer.alloc(4_096), 0, 4_096, null);
    expect(buffer.toString('utf8', 0, bytesRead)).toBe(entry(1).line);
  } finally {
    await reader.close();
  }
});

test('of a batch that fits only in part, the whole lines count', async () => {
  const path = folder.of('pipe');
  execFileSync('mkfifo', [path]);
  const reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const sink = await fileSink({ file: path });
    // A pipe holds 64 KiB, and tells a writer that does not wait so.
    const more = 'x'.repeat(30_000);
    const batch = [entry(1, more), entry(2, more), entry(3, more)];
    expect(await sink.send(batch, never)).toMatchObject({ done: 2, failed: { again: true } });
  } finally {
    await reader.close();
  }
});

import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';

import { TestFolder } from './test-folder.fixture.js';
import { TestTerminal } from './terminal.fixture.js';

// In the package: what it imports by name is found from there.
const entry = fileURLToPath(new URL('../../test-results/live-process.mjs', import.meta.url));
const LEFT = { screen: 'normal', wraps: true };

let folder: TestFolder;

beforeAll(async () => {
  await build({
    entryPoints: [fileURLToPath(new URL('../fixtures/live/top.ts', import.meta.url))],
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    outfile: entry,
  });
});

beforeEach(async () => {
  folder = await TestFolder.make();
});

afterEach(async () => {
  await folder[Symbol.asyncDispose]();
});

function start(...args: readonly string[]) {
  const terminal = new TestTerminal({ columns: 100, rows: 10 });
  const child = spawn(process.execPath, [entry, ...args], {
    env: { ...process.env, TERM: 'xterm', OPENRTC_RUNTIME_DIR: folder.of('run') },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => terminal.stdout.write(chunk));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on('error', () => {});
  const closed = once(child, 'close').then(([code]) => ({ code: code as number | null, stderr }));
  return { terminal, child, closed };
}

async function showsTop(terminal: TestTerminal): Promise<void> {
  await vi.waitFor(async () => expect((await terminal.text())[0]).toContain('openrtc top'), {
    timeout: 30_000,
  });
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s ends it and gives the terminal back', async (signal) => {
  const { terminal, child, closed } = start();
  await showsTop(terminal);
  expect(await terminal.modes()).toMatchObject({ screen: 'alternate', wraps: false });
  child.kill(signal);
  expect(await closed).toEqual({ code: 0, stderr: '' });
  expect(await terminal.modes()).toMatchObject(LEFT);
});

test('so does a key', async () => {
  const { terminal, child, closed } = start();
  await showsTop(terminal);
  child.stdin.write('q');
  expect(await closed).toEqual({ code: 0, stderr: '' });
  expect(await terminal.modes()).toMatchObject(LEFT);
});

test('an error nobody caught is printed on the terminal as it was before', async () => {
  const { terminal, closed } = start('throws');
  expect(await closed).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('nobody foresaw it'),
  });
  expect(terminal.stdout.written).toContain('\u001B[?1049h');
  expect(await terminal.modes()).toMatchObject(LEFT);
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { bin, fixture } from '../cli-process.fixture.js';
import { line } from './metrics/metrics-lines.fixture.js';
import { TestFolder } from '../test-folder.fixture.js';
import { TestTerminal } from './terminal.fixture.js';

const LEFT = { screen: 'normal', wraps: true };

let folder: TestFolder;

beforeEach(async () => {
  folder = await TestFolder.create();
});

afterEach(async () => {
  await folder[Symbol.asyncDispose]();
});

/** The built command in a terminal. */
function start(args: readonly string[], ...before: readonly string[]) {
  const terminal = new TestTerminal({ columns: 100, rows: 10 });
  const loaded = ['as-terminal', ...before].flatMap((name) => [
    '--import',
    fixture(`live/${name}.mjs`),
  ]);
  const child = spawn(process.execPath, [...loaded, bin, ...args], {
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

async function shows(terminal: TestTerminal, text: string): Promise<void> {
  await vi.waitFor(async () => expect((await terminal.text())[0]).toContain(text), {
    timeout: 30_000,
  });
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s ends top and restores the terminal',
  async (signal) => {
    const { terminal, child, closed } = start(['top']);
    await shows(terminal, 'openrtc top');
    expect(await terminal.modes()).toMatchObject({ screen: 'alternate', wraps: false });
    child.kill(signal);
    expect(await closed).toEqual({ code: 0, stderr: '' });
    expect(await terminal.modes()).toMatchObject(LEFT);
  },
);

test('a key ends tui', async () => {
  const file = await folder.write('metrics.jsonl', `${line({})}\n`);
  const { terminal, child, closed } = start(['tui', file, '--watch']);
  await shows(terminal, 'openrtc tui  1 worker');
  child.stdin.write('q');
  expect(await closed).toEqual({ code: 0, stderr: '' });
  expect(await terminal.modes()).toMatchObject(LEFT);
});

test('an uncaught error is printed after the terminal is restored', async () => {
  const { terminal, closed } = start(['top'], 'throws');
  expect(await closed).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('unexpected in a test'),
  });
  expect(terminal.stdout.written).toContain('\u001B[?1049h');
  expect(await terminal.modes()).toMatchObject(LEFT);
});

import { afterEach, beforeEach, expect, test } from 'vitest';

import { runCli, startCli } from '../cli-process.fixture.js';
import { line } from '../live/metrics/metrics-lines.fixture.js';
import { TestFolder } from '../test-folder.fixture.js';

let folder: TestFolder;

beforeEach(async () => {
  folder = await TestFolder.create();
});

afterEach(async () => {
  await folder[Symbol.asyncDispose]();
});

test('top without a worker says so, as text and as JSON', async () => {
  const env = { OPENRTC_RUNTIME_DIR: folder.of('run') };
  const [text, json] = await Promise.all([
    runCli(['top'], { env }),
    runCli(['top', '--json', '--sort', 'CPU'], { env }),
  ]);
  expect(text).toMatchObject({ code: 1, stderr: '' });
  expect(text.stdout).toContain('No worker of this user runs on this machine.');
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({ command: 'top', workers: [] });
});

test('tui reads the given file, with or without its flag', async () => {
  const file = await folder.write('metrics.jsonl', `${line({})}\n`);
  const [word, flag] = await Promise.all([runCli(['tui', file]), runCli(['tui', '--file', file])]);
  expect(word).toMatchObject({ code: 0, stderr: '' });
  expect(word.stdout).toContain('1 worker  2 calls');
  expect(flag).toEqual(word);
});

test('logs reads a pipe', async () => {
  const input = `{"level":30,"msg":"joined","jobId":"AJ_1"}\n{"level":30,"msg":"left","jobId":"AJ_2"}`;
  const { code, stdout } = await runCli(['logs', '--session', 'AJ_2'], { input });
  expect(stdout).toBe('?  INFO   left  jobId=AJ_2\n');
  expect(code).toBe(0);
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s ends logs --follow and tui --watch, which print everything up to then',
  async (signal) => {
    const log = await folder.write('log', '{"level":30,"msg":"joined","jobId":"AJ_1"}\n');
    const logs = startCli(['logs', log, '--follow'], { input: null });
    await logs.says(/joined/);
    logs.child.kill(signal);
    expect(await logs.ended).toMatchObject({ code: 0, stderr: '' });
    const tui = startCli(['tui', folder.of('later.jsonl'), '--watch'], { input: null });
    await tui.says(/waiting for it/);
    tui.child.kill(signal);
    expect(await tui.ended).toMatchObject({ code: 0, stdout: '' });
  },
);

test.each([
  { args: ['top', '--sort', 'size'], says: '--sort must be one of state, duration, cpu' },
  { args: ['top', '--refresh', '1ms'], says: '--refresh must be a time of at least 250ms' },
  { args: ['top', './agents'], says: 'top takes no arguments' },
  { args: ['top', '--agents-dir', './agents'], says: 'it is an option of dev, start' },
  { args: ['tui', '/nowhere/metrics.jsonl'], says: '/nowhere/metrics.jsonl does not exist' },
  { args: ['logs', '--follow'], says: '--follow needs a file' },
  { args: ['logs', '/nowhere/log'], says: '/nowhere/log does not exist' },
])('$args: $says', async ({ args, says }) => {
  const { code, stdout, stderr } = await runCli(args);
  expect(stderr).toContain(says);
  expect(stderr).toMatch(/^openrtc: .*\n$/);
  expect(stdout).toBe('');
  expect(code).toBe(2);
});

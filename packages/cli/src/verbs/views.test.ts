import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { bin, runCli, startCli } from '../cli-process.fixture.js';
import { line } from '../live/metrics/metrics-lines.fixture.js';
import { TestFolder } from '../test-folder.fixture.js';
import { WorkerLines } from './usage/usage-lines.fixture.js';

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

describe('usage', () => {
  const ended = () => `${new WorkerLines().ended('AJ_1')}\n`;

  test('takes any number of files, with or without their flag', async () => {
    const [one, other] = await Promise.all([
      folder.write('one.jsonl', ended()),
      folder.write('other.jsonl', `${new WorkerLines('other').ended('AJ_2')}\n`),
    ]);
    const [words, flag, flags] = await Promise.all([
      runCli(['usage', one, other, '--by', 'agent']),
      runCli(['usage', '--by', 'agent', '--files', one, other]),
      runCli(['usage', '--files', one, '--by', 'agent', '--files', other]),
    ]);
    expect(words).toMatchObject({ code: 0, stderr: '' });
    expect(words.stdout).toMatch(/^agent,calls,.*\r\nsales,2,/);
    expect([flag, flags]).toEqual([words, words]);
  });

  test.each([
    ['a full disk', '>/dev/full', 1, /^openrtc: the result could not be written \(ENOSPC\)\n$/],
    ['a reader that has enough', '| head -c 1 >/dev/null', 0, /^$/],
  ])('%s', async (_what, to, code, says) => {
    const file = await folder.write('metrics.jsonl', ended());
    const command = `set -o pipefail; '${process.execPath}' '${bin}' usage '${file}' ${to}`;
    const child = spawn('bash', ['-c', command], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    expect(await once(child, 'close')).toEqual([code, null]);
    expect(stderr).toMatch(says);
  });
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
  { args: ['usage'], says: 'usage needs --files <path...>: metrics files' },
  { args: ['usage', '/nowhere/a', '/nowhere/b'], says: '/nowhere/a does not exist' },
  { args: ['usage', 'a', '--by', 'room'], says: '--by must be some of tenant, agent, model, day' },
  { args: ['usage', 'a', '--from', 'today'], says: '--from must be a day (UTC)' },
  { args: ['usage', 'a', '--prices', '/nowhere/p'], says: '/nowhere/p cannot be read (ENOENT)' },
  { args: ['logs', '/nowhere/log'], says: '/nowhere/log does not exist' },
])('$args: $says', async ({ args, says }) => {
  const { code, stdout, stderr } = await runCli(args);
  expect(stderr).toContain(says);
  expect(stderr).toMatch(/^openrtc: .*\n$/);
  expect(stdout).toBe('');
  expect(code).toBe(2);
});

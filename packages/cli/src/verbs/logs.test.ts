import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { TestFolder } from '../test-folder.fixture.js';
import { memoryHost } from '../memory-host.fixture.js';
import { run } from './logs.js';

let folder: TestFolder;

const entry = (msg: string, fields: object = {}) =>
  JSON.stringify({ level: 30, time: 1_795_000_000_000, pid: 7, hostname: 'box', ...fields, msg });

const LOG = [
  entry('worker is ready'),
  entry('joined', { jobId: 'AJ_1', agent: 'sales', room: 'lobby' }),
  'Segmentation fault \u001B[2J',
  entry('joined', { jobId: 'AJ_2', agent: 'sales', room: 'garden' }),
  entry('it said \u202Ehello\u001B[2J', { jobId: 'AJ_1', room: 'lobby' }),
];

beforeEach(async () => {
  folder = await TestFolder.create();
  await folder.write('worker.log', `${LOG.join('\n')}\n`);
});

afterEach(async () => {
  await folder[Symbol.asyncDispose]();
});

async function logs(flags: object, input = '') {
  const host = memoryHost();
  host.stdin.end(input);
  const code = await run({ flags, host });
  return { code, out: host.out().trimEnd().split('\n'), err: host.err() };
}

test('the lines of one call, by its job id or its room', async () => {
  const file = folder.of('worker.log');
  const byJob = await logs({ file, session: 'AJ_1' });
  expect(byJob).toEqual({
    code: 0,
    out: [
      '2026-11-18T11:06:40.000Z  INFO   joined  jobId=AJ_1  agent=sales  room=lobby',
      '2026-11-18T11:06:40.000Z  INFO   it said hello[2J  jobId=AJ_1  room=lobby',
    ],
    err: '',
  });
  expect(await logs({ file, session: 'lobby' })).toEqual(byJob);
});

test('as JSON the lines have the same value, and cannot control the terminal', async () => {
  const { out } = await logs({ file: folder.of('worker.log'), session: 'AJ_1', json: true });
  expect(out.map((line) => JSON.parse(line) as unknown)).toEqual(
    [LOG[1], LOG[4]].map((line) => JSON.parse(line ?? '') as unknown),
  );
  expect(out.join('')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
});

test('without --session all lines are printed, also those that are not JSON', async () => {
  const { out } = await logs({ file: folder.of('worker.log') });
  expect(out).toHaveLength(LOG.length);
  expect(out[2]).toBe('Segmentation fault [2J');
});

test('from stdin, with a last line without a line end', async () => {
  for (const file of [undefined, '-']) {
    const flags = { session: 'AJ_1', ...(file === undefined ? {} : { file }) };
    expect((await logs(flags, LOG.join('\n'))).out).toHaveLength(2);
  }
});

test('a call that is not in the log is exit code 1', async () => {
  expect(await logs({ file: folder.of('worker.log'), session: 'AJ_9\u001B' })).toEqual({
    code: 1,
    out: [''],
    err: 'openrtc: none of 5 lines is about "AJ_9"; 1 line not JSON\n',
  });
  expect(await logs({}, '')).toMatchObject({ code: 1, err: 'openrtc: the log is empty\n' });
});

test('--follow waits for new lines', async () => {
  const host = memoryHost();
  const flags = { file: folder.of('worker.log'), session: 'AJ_2', follow: true };
  const ended = run({ flags, host });
  const shows = (text: string) =>
    vi.waitFor(() => expect(host.out()).toContain(text), { timeout: 30_000 });
  await shows('joined');
  await folder.append('worker.log', `${entry('left', { jobId: 'AJ_2' })}\n`);
  await shows('left');
  expect(host.out().trimEnd().split('\n')).toHaveLength(2);
  // As when the reader of the output has ended.
  host.stdout.destroy();
  expect(await ended).toBe(0);
});

test.each([
  [{ file: '/nowhere/worker.log' }, '/nowhere/worker.log does not exist'],
  [{ follow: true }, '--follow needs a file'],
  [{ file: '/tmp' }, '/tmp is not a regular file'],
])('%j is wrong: %s', async (flags, message) => {
  await expect(logs(flags)).rejects.toMatchObject({
    name: 'UsageError',
    message: expect.stringContaining(message),
  });
});

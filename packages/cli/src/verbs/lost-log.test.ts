import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, truncate } from 'node:fs/promises';
import { type EmbeddedLiveKit, startEmbeddedLiveKit } from '@openrtc/core/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { bin, fixture } from '../cli-process.fixture.js';
import { TestFolder } from '../test-folder.fixture.js';

// Only for what hangs.
const PATIENCE = { timeout: 30_000, interval: 20 };

let livekit: EmbeddedLiveKit;
let folder: TestFolder;
const children: { kill(signal: 'SIGKILL'): boolean }[] = [];

beforeEach(async () => {
  livekit = await startEmbeddedLiveKit();
  folder = await TestFolder.create();
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await livekit.close();
  await folder[Symbol.asyncDispose]();
});

const command = `${process.execPath} ${bin} start ${fixture('agents')} --port 0`;
const entry = `${process.execPath} ${fixture('pools/main.mjs')}`;

/** Starts a worker with the shell, which redirects its output. */
async function work(line: string, env: Readonly<Record<string, string>> = {}) {
  const { url, apiKey, apiSecret } = livekit;
  const child = spawn('/bin/sh', ['-c', line], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      OPENRTC_RUNTIME_DIR: folder.of('run'),
      LIVEKIT_URL: url,
      LIVEKIT_API_KEY: apiKey,
      LIVEKIT_API_SECRET: apiSecret,
      ...env,
    },
  });
  children.push(child);
  const exited = once(child, 'exit');
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  await livekit.until(({ workers }) => workers.length > 0, PATIENCE.timeout);
  return { child, exited, output };
}

/** Calls, and waits for the greeting. */
async function dial() {
  const call = await livekit.call({ joinTimeoutMs: PATIENCE.timeout });
  await call.nextReply();
  return call;
}

/** The worker still takes calls, and SIGTERM drains it. */
async function expectWorking({ child, exited }: Awaited<ReturnType<typeof work>>): Promise<void> {
  const call = await dial();
  expect(await call.say('hello')).toBe('You said: hello');
  child.kill('SIGTERM');
  await livekit.until(({ workers }) => workers[0]?.status === 'full', PATIENCE.timeout);
  expect(await call.say('still there?')).toBe('You said: still there?');
  call.hangUp();
  expect(await call.ended).toMatchObject({ status: 'success' });
  expect(await exited).toEqual([0, null]);
}

const said = /openrtc: log lines cannot be written to stdout: .*ENOSPC.* Process (\d+)/g;

test.each([
  ['the command', `exec ${command} >/dev/full`, 1],
  ['the command, with call processes', `exec ${command} --isolation process >/dev/full`, 2],
  ['an entry of the user', `exec ${entry} >/dev/full`, 1],
  ['the command, stderr too', `exec ${command} >/dev/full 2>/dev/full`, 0],
  [
    'the command, stderr too, with call processes',
    `exec ${command} --isolation process >/dev/full 2>/dev/full`,
    0,
  ],
])('a full disk loses the log and nothing else: %s', async (_what, line, times) => {
  const worker = await work(line);
  await expectWorking(worker);
  const pids = [...worker.output.stderr.matchAll(said)].map(([, pid]) => pid);
  expect(pids.length).toBeGreaterThanOrEqual(times);
  // Once in each process.
  expect(new Set(pids).size).toBe(pids.length);
});

test.each([
  ['stdout', 'the command', `exec ${command}`],
  ['stdout', 'the command, with call processes', `exec ${command} --isolation process`],
  ['stderr', 'the command', `exec ${command}`],
  ['stderr', 'the command, with call processes', `exec ${command} --isolation process`],
  ['stdout', 'an entry of the user', `exec ${entry}`],
  ['stderr', 'an entry of the user', `exec ${entry}`],
] as const)('a dead pipe of %s ends no call: %s', async (stream, _what, line) => {
  const worker = await work(line);
  const call = await dial();
  await call.say('hello');
  worker.child[stream].destroy();
  expect(await call.say('after')).toBe('You said: after');
  const next = await dial();
  expect(await next.say('hello')).toBe('You said: hello');
  next.hangUp();
  call.hangUp();
  expect((await call.ended).status).toBe('success');
  await expectWorking(worker);
});

test('a log that can be written again is written again', async () => {
  const log = folder.of('worker.log');
  await (await open(log, 'w')).close();
  // In blocks of 512 bytes: the first lines do not fit.
  const worker = await work(`ulimit -f 1; exec ${entry} >>${log}`);
  const before = await dial();
  await before.say('hello');
  before.hangUp();
  await before.ended;
  await vi.waitFor(() => expect(worker.output.stderr).toContain('EFBIG'), PATIENCE);
  await truncate(log);
  const after = await dial();
  await after.say('hello');
  await vi.waitFor(async () => {
    expect(await readFile(log, 'utf8')).not.toBe('');
  }, PATIENCE);
  after.hangUp();
  await after.ended;
  await expectWorking(worker);
});

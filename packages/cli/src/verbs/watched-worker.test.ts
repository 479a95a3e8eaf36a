import type { EmbeddedLiveKit } from '@openrtc/core/testing';
import { parseMetricsLine } from '@openrtc/core/operate';
import { readFile, stat, symlink } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { type CliProcess, fixture, runCli } from '../cli-process.fixture.js';
import { TestFolder } from '../test-folder.fixture.js';
import { TestWorkers } from '../test-workers.fixture.js';
import type { UsageJson } from './usage.js';

let workers: TestWorkers;
let livekit: EmbeddedLiveKit;
let folder: TestFolder;

beforeEach(async () => {
  workers = await TestWorkers.create();
  ({ livekit } = workers);
  folder = await TestFolder.create();
});

afterEach(async () => {
  await workers[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

function start(...args: string[]): CliProcess {
  return workers.start(args);
}

async function portOf({ says }: CliProcess): Promise<string> {
  const [, port = ''] = await says(/health and metrics at http:\/\/127\.0\.0\.1:(\d+)/);
  return port;
}

async function linesOf(path: string) {
  const lines = (await readFile(path, 'utf8')).split('\n').map(parseMetricsLine);
  return lines.filter((line) => line !== undefined);
}

test('a worker answers probes and Prometheus, and a port in use is an error', async () => {
  const worker = start('start', fixture('javascript'));
  const port = await portOf(worker);
  await worker.says(/registered with LiveKit/);
  const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
  expect(ready.status).toBe(200);
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(metrics).toContain('openrtc_ready 1\n');
  const { code, stderr } = await start('start', fixture('javascript'), '--port', port).ended;
  expect(stderr).toMatch(
    new RegExp(`^openrtc: The health server: port ${port} of 127\\.0\\.0\\.1 is in use: .*--port`),
  );
  expect(code).toBe(2);
  worker.child.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
});

test('dev uses a free port, also with --host', async () => {
  const worker = start('dev', fixture('javascript'), '--host', '::1');
  const [, port = ''] = await worker.says(/health and metrics at http:\/\/\[::1\]:(\d+)/);
  expect(Number(port)).toBeGreaterThan(0);
});

test('the second argument names the metrics file', async () => {
  const jsonl = folder.of('metrics.jsonl');
  const json = folder.of('now.json');
  const worker = start('dev', fixture('agents'), jsonl, '--metrics-json-file', json);
  await worker.says(/registered with LiveKit/);
  const call = await livekit.call({ room: 'support-1', joinTimeoutMs: 60_000 });
  await call.nextReply();
  call.hangUp();
  await call.ended;
  worker.child.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
  const lines = await linesOf(jsonl);
  const events = lines.filter(({ kind }) => kind === 'event').map(({ payload }) => payload);
  expect(events).toMatchObject([
    { event: 'session_started', agent: 'support' },
    { event: 'session_finished', agent: 'support', status: 'success' },
  ]);
  expect(lines.some(({ kind }) => kind === 'snapshot')).toBe(true);
  expect(await linesOf(json)).toMatchObject([
    { kind: 'snapshot', payload: { totalSessionsStarted: 1, activeSessions: 0 } },
  ]);
  for (const path of [jsonl, json]) expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test.each(['a file that is not a metrics file', 'a symbolic link'])(
  'metrics are not written into %s',
  async (what) => {
    const thesis = await folder.write('thesis.txt', 'four years of work\n');
    const link = folder.of('link.jsonl');
    await symlink(thesis, link);
    const path = what === 'a symbolic link' ? link : thesis;
    const { code, stderr } = await start('start', fixture('javascript'), '--metrics-jsonl', path)
      .ended;
    expect(stderr).toContain(`openrtc: ${path} is not written to`);
    expect(code).toBe(2);
    expect(await readFile(thesis, 'utf8')).toBe('four years of work\n');
  },
);

test.each([[[]], [['--isolation', 'process', '--sessions-per-process', '5']]])(
  'usage adds up the calls of a worker that was killed: %j',
  async (flags) => {
    const file = folder.of('metrics.jsonl');
    const worker = start('start', fixture('agents'), '--metrics-jsonl', file, ...flags);
    await worker.says(/registered with LiveKit/);
    const dial = async (tenant: string) => {
      const call = await livekit.call({
        metadata: { tenant, agent: 'support' },
        joinTimeoutMs: 60_000,
      });
      await call.nextReply();
      return call;
    };
    const calls = await Promise.all(['acme', 'globex'].map(dial));
    const [acme, globex] = calls as [(typeof calls)[0], (typeof calls)[0]];
    expect(await acme.say('one')).toBe('You said: one');
    for (const text of ['two', 'three']) expect(await globex.say(text)).toBe(`You said: ${text}`);
    acme.hangUp();
    // The other one is seen in a snapshot, with its usage.
    await expect
      .poll(async () => JSON.stringify(await linesOf(file)), { timeout: 60_000 })
      .toMatch(/session_finished.*"tenant":"globex"[^}]*"durationMs".*"outputTokens":6/);
    worker.child.kill('SIGKILL');
    await worker.ended;

    const words = [file, '--by', 'tenant', '--json'];
    const [ended, all] = await Promise.all([
      runCli(['usage', ...words]),
      runCli(['usage', ...words, '--unfinished']),
    ]);
    expect([ended.code, all.code]).toEqual([0, 0]);
    expect(ended.stderr).toContain('openrtc: 1 call without an end, not counted');
    const llm = { kind: 'llm', provider: 'openrtc', model: 'echo' };
    const ofAcme = { tenant: 'acme', calls: 1, providers: [{ ...llm, outputTokens: 3 }] };
    const ofGlobex = { tenant: 'globex', calls: 1, providers: [{ ...llm, outputTokens: 6 }] };
    const groups = ({ stdout }: { stdout: string }) => (JSON.parse(stdout) as UsageJson).groups;
    expect(groups(ended)).toMatchObject([ofAcme]);
    expect(groups(all)).toMatchObject([ofAcme, { ...ofGlobex, unfinishedCalls: 1 }]);
  },
);

test('a full disk does not affect a call, and SIGQUIT ends the worker like SIGTERM', async () => {
  const worker = start('start', fixture('agents'), '--metrics-jsonl', '/dev/full');
  await worker.says(/registered with LiveKit/);
  const call = await livekit.call({ room: 'support-1', joinTimeoutMs: 60_000 });
  await worker.says(/metrics were not written/);
  await call.nextReply();
  expect(await call.say('hello')).toBe('You said: hello');
  call.hangUp();
  await call.ended;
  worker.child.kill('SIGQUIT');
  expect((await worker.ended).code).toBe(0);
});

test('without a terminal the dashboard is a line each time, and SIGHUP drains like SIGTERM', async () => {
  const flags = ['--dashboard', '--dashboard-refresh', '250ms'];
  const worker = start('start', fixture('agents'), ...flags);
  await worker.says(/^openrtc: running, 0 of 50 calls; 2 agents without a call; /m);
  const call = await livekit.call({ room: 'support-1', joinTimeoutMs: 60_000 });
  await call.nextReply();
  await worker.says(/^openrtc: running, 1 of 50 calls; support 1, 1 agent without a call; /m);
  worker.child.kill('SIGHUP');
  await worker.says(/^openrtc: draining, 1 of 50 calls; /m);
  call.hangUp();
  const { code, stdout } = await worker.ended;
  expect(stdout).not.toContain('openrtc: running');
  expect(code).toBe(0);
});

test.each([
  [['--dashboard-refresh', '5s'], '--dashboard-refresh only works with --dashboard'],
  [['--metrics-jsonl-interval', '5s'], '--metrics-jsonl-interval only works with --metrics-jsonl'],
  [['--port', '65536'], '--port must be a whole number from 0 to 65535'],
  [['--dashboard', '--dashboard-refresh', '1ms'], '--dashboard-refresh must be a time of at least'],
])('%j: %s', async (flags, says) => {
  const { code, stderr } = await start('start', fixture('javascript'), ...flags).ended;
  expect(stderr).toContain(says);
  expect(code).toBe(2);
});

test('a call in a terminal leaves the port and the files to the worker of the same code', async () => {
  const pool = fixture('pools/watched.mjs');
  const env = { OPENRTC_TEST_METRICS: folder.of('now.json') };
  const { code, stdout } = await runCli(['console', pool], { input: 'hi\n', env });
  expect(stdout).toContain('agent: You said: hi\n');
  expect(code).toBe(0);
  await expect(stat(env.OPENRTC_TEST_METRICS)).rejects.toThrow('ENOENT');
});

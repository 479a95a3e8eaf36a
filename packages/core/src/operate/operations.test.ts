import { voice } from '@livekit/agents';
import { JobType } from '@livekit/protocol';
import { writeFile } from 'node:fs/promises';
import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { commandWorker, findWorkers } from './control-workers.js';
import { TestFolder } from './files.fixture.js';
import type { OtelMeter } from './otel-metrics.js';
import { readWorkers } from './read-workers.js';
import { cloning } from '../testing/cloning-isolation.js';
import { MetricsReporter } from './metrics-reporter.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import type { AgentPool } from '../pool/agent-pool.js';
import { EchoAgent, PoolHarness } from '../pool/pool-harness.js';

let rig: PoolHarness;
let folder: TestFolder;

beforeEach(async () => {
  rig = await PoolHarness.start();
  folder = await TestFolder.make();
});

afterEach(async () => {
  await rig.close();
  await folder[Symbol.asyncDispose]();
});

const get = async (pool: AgentPool, path: string) => {
  const response = await fetch(`http://127.0.0.1:${pool.runtimeSnapshot().health?.port}${path}`);
  return { status: response.status, text: await response.text() };
};

const broken = () => {
  throw new Error('it is broken: access_token=abcdef1234');
};

describe('health', () => {
  test('nothing listens unless the option is set', async () => {
    const { pool } = await rig.registered();
    expect(pool.runtimeSnapshot().health).toBeNull();
  });

  test('a worker is ready, full, ready, draining, and live all the time', async () => {
    const { pool, running } = await rig.registered(
      { maxConcurrentSessions: 1 },
      { health: { port: 0 } },
    );
    expect(await get(pool, '/readyz')).toEqual({
      status: 200,
      text: '{"ready":true,"notReady":[]}',
    });
    const call = await rig.livekit.call();
    await call.say('hello');
    expect(await get(pool, '/readyz')).toMatchObject({
      status: 503,
      text: '{"ready":false,"notReady":["full"]}',
    });
    const drained = pool.drain();
    expect(JSON.parse((await get(pool, '/readyz')).text).notReady).toContain('draining');
    expect(await get(pool, '/healthz')).toEqual({ status: 200, text: 'OK' });
    call.hangUp();
    await Promise.all([drained, running]);
    expect(pool.runtimeSnapshot().health).toBeNull();
  });

  test('a worker is not ready while the connection to LiveKit is lost', async () => {
    const { pool } = await rig.registered({ health: { port: 0 } });
    rig.livekit.faults.down();
    rig.livekit.dropWorkers();
    await vi.waitFor(() => expect(pool.runtimeSnapshot().notReady).toEqual(['disconnected']), {
      timeout: 20_000,
    });
    expect(await get(pool, '/readyz')).toMatchObject({ status: 503 });
    expect(await get(pool, '/')).toMatchObject({ status: 503, text: 'not connected to livekit' });
    expect(await get(pool, '/healthz')).toMatchObject({ status: 200 });
    await rig.livekit.faults.heal();
    await rig.livekit.until(({ workers }) => workers.length === 1);
    await vi.waitFor(() => expect(pool.runtimeSnapshot().ready).toBe(true), { timeout: 20_000 });
    expect(await get(pool, '/')).toEqual({ status: 200, text: 'OK' });
  });

  test('a port in use stops the start before anything connects', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const { pool, running } = rig.start({ health: { port } });
    await expect(running).rejects.toMatchObject({
      code: 'CONFIG_PORT_IN_USE',
      message: expect.stringContaining(String(port)),
    });
    expect(pool.runtimeSnapshot().state).toBe('closed');
    expect(rig.livekit.workers).toEqual([]);
    other.close();
  });

  test('/worker answers like LiveKit’s own worker', async () => {
    const { pool } = await rig.registered({ health: { port: 0 }, agentName: 'desk' });
    expect(JSON.parse((await get(pool, '/worker')).text)).toEqual({
      agent_name: 'desk',
      agent_name_is_env: false,
      deployment: '',
      worker_type: JobType[JobType.JT_ROOM],
      active_jobs: 0,
      worker_load: 0,
      sdk_version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      project_type: 'nodejs',
      protocol_version: 1,
    });
  });
});

describe.each([
  ['in this process', undefined],
  ['through a channel', cloning()],
])('metrics of calls %s', (_how, isolation) => {
  test('count calls by registered agents only', async () => {
    const { pool } = await rig.registered({
      ...(isolation === undefined ? {} : { isolation }),
      health: { port: 0 },
      agents: { echo: () => new EchoAgent(), broken },
    });
    const call = await rig.livekit.call({
      room: 'a-hostile"room\n',
      metadata: { agent: 'echo' },
    });
    await call.say('hello');
    const failed = rig.livekit.dispatch({ metadata: { agent: 'broken' } });
    await rig.ends.of(failed);
    await expect(
      rig.livekit.call({ metadata: { agent: 'nobody-knows' }, jobMetadata: { tenant: 'acme' } }),
    ).rejects.toThrow();
    const live = (await get(pool, '/metrics')).text;
    expect(live).toContain('openrtc_sessions_active{agent="echo"} 1\n');
    expect(live).toContain('openrtc_sessions_active{agent="broken"} 0\n');
    expect(live).toContain('openrtc_sessions_accepted_total{agent="echo"} 1\n');
    expect(live).toContain(
      'openrtc_sessions_failed_total{agent="broken",code="SESSION_AGENT_FAILED",caused_by="agent"} 1\n',
    );
    expect(live).toContain('openrtc_sessions_refused_total{agent="",reason="unknown_agent"} 1\n');
    expect(live).toContain('openrtc_availability_answer_seconds_count{accepted="true"} 2\n');
    expect(live).toMatch(/openrtc_resident_memory_bytes\{process="worker"\} \d+\n/);
    for (const theirs of ['hostile', 'nobody-knows', 'acme', call.jobId])
      expect(live).not.toContain(theirs);
    call.hangUp();
    await rig.ends.of(call.jobId);
    const over = (await get(pool, '/metrics')).text;
    expect(over).toContain(
      'openrtc_sessions_ended_total{agent="echo",status="success",reason="caller_left"} 1\n',
    );
    expect(over).toMatch(/openrtc_tokens_total\{agent="echo",.*direction="output"\} [1-9]/);
  });

  test('the snapshot has the resources of a live call once they were measured', async () => {
    const { pool } = await rig.registered(isolation === undefined ? {} : { isolation });
    const call = await rig.livekit.call();
    await call.say('hello');
    expect(pool.runtimeSnapshot().sessions).toMatchObject([
      { status: 'active', resources: null, blocks: { count: 0, last: null } },
    ]);
    await pool.inspect();
    expect(pool.runtimeSnapshot().sessions).toMatchObject([
      { jobId: call.jobId, resources: { pid: process.pid, basis: 'shared', cpuPercent: null } },
    ]);
  });

  test('a call that blocks the event loop is slow, and reported with its function', async () => {
    const { pool } = await rig.registered({
      ...(isolation === undefined ? {} : { isolation }),
      watchdog: { slowMs: 200, killMs: Number.POSITIVE_INFINITY },
      agents: { greedy: () => new voice.Agent({ instructions: '', llm: new EchoLLM({ reply }) }) },
    });
    const call = await rig.livekit.call();
    await call.say('hello');
    // The thread samples once in 5 s at most, perhaps during a hiccup of the machine.
    await vi.waitFor(
      async () => {
        await call.say('spin');
        expect(pool.runtimeSnapshot().sessions).toMatchObject([
          {
            jobId: call.jobId,
            status: 'slow',
            blocks: { last: { cause: 'code', culprit: { function: 'spinLikeATool' } } },
          },
        ]);
      },
      { timeout: 50_000, interval: 250 },
    );
    await rig.log.until('by spinLikeATool (operations.test.ts');
  });
});

describe('events', () => {
  test('each call has one start and one end, and a failure has its error without secrets', async () => {
    const { pool } = await rig.registered({ agents: { echo: () => new EchoAgent(), broken } });
    expect(pool.takeMetricsEvents()).toEqual([]);
    const call = await rig.livekit.call({ metadata: { agent: 'echo' } });
    await call.say('hello');
    expect(pool.takeMetricsEvents()).toMatchObject([
      { event: 'session_started', jobId: call.jobId, agent: 'echo', tenant: 'default' },
    ]);
    call.hangUp();
    await rig.ends.of(call.jobId);
    const failed = rig.livekit.dispatch({ metadata: { agent: 'broken' } });
    await rig.ends.of(failed);
    expect(pool.takeMetricsEvents()).toMatchObject([
      { event: 'session_finished', jobId: call.jobId, status: 'success', reason: 'caller_left' },
      { event: 'session_started', jobId: failed },
      {
        event: 'session_failed',
        jobId: failed,
        status: 'failed',
        causedBy: 'agent',
        error: expect.stringMatching(/^SESSION_AGENT_FAILED: .*access_token=\[secret\]/),
      },
    ]);
    expect(pool.runtimeSnapshot().lastError).not.toContain('abcdef1234');
  });

  test('there are no events before run()', () => {
    expect(rig.start({ agents: {} }).pool.takeMetricsEvents()).toEqual([]);
  });
});

test('snapshots and events are written to files until the last call has ended', async () => {
  const metrics = { jsonFile: folder.of('now.json'), jsonlFile: folder.of('all.jsonl') };
  const { pool, running } = await rig.registered({}, { metrics });
  const call = await rig.livekit.call();
  await call.say('hello');
  call.hangUp();
  await rig.ends.of(call.jobId);
  await pool.drain();
  await running;
  const lines = await folder.lines('all.jsonl');
  expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_line, at) => at + 1));
  const events = lines.filter(({ kind }) => kind === 'event').map(({ payload }) => payload);
  expect(events).toMatchObject([{ event: 'session_started' }, { event: 'session_finished' }]);
  expect(await folder.lines('now.json')).toMatchObject([
    { kind: 'snapshot', payload: { totalSessionsStarted: 1, activeSessions: 0 } },
  ]);
});

test('an event is written when it happens, not with the next snapshot', async () => {
  const metrics = { jsonlFile: folder.of('all.jsonl'), jsonlIntervalMs: 3_600_000 };
  const { pool } = await rig.registered({}, { metrics });
  const call = await rig.livekit.call({ room: 'lobby' });
  await call.say('hello');
  call.hangUp();
  await rig.ends.of(call.jobId);
  // As after a crash: the pool still runs.
  await expect
    .poll(async () => (await folder.lines('all.jsonl')).map(({ payload }) => payload))
    .toMatchObject([
      { event: 'session_started', jobId: call.jobId, room: 'lobby' },
      {
        event: 'session_finished',
        jobId: call.jobId,
        room: 'lobby',
        tenant: 'default',
        agent: 'echo',
        startedAt: expect.any(Number),
        timestamp: expect.any(Number),
        durationMs: expect.any(Number),
        usage: [{ kind: 'llm', provider: 'openrtc', model: 'echo', outputTokens: 3 }],
      },
    ]);
  expect(pool.takeMetricsEvents()).toEqual([]);
});

test('what is written for a call does not run as the call', async () => {
  const written: unknown[] = [];
  const context = new AsyncLocalStorage<string>();
  const source = {
    snapshot: () => rig.start({ agents: {} }).pool.runtimeSnapshot(),
    takeEvents: () => (written.push(context.getStore()), []),
    sample: async () => {},
  };
  const files = { jsonlFile: folder.of('all.jsonl'), jsonlIntervalMs: 3_600_000 };
  const reporter = await MetricsReporter.open(files, source, rig.log);
  context.run('the call', () => reporter.writeEvents());
  expect(written).toEqual([undefined]);
  await reporter[Symbol.asyncDispose]();
});

test('a file with other content stops the start before anything connects', async () => {
  const jsonlFile = folder.of('thesis.txt');
  await writeFile(jsonlFile, 'four years of work\n');
  const { running } = rig.start({ metrics: { jsonlFile } });
  await expect(running).rejects.toMatchObject({ code: 'CONFIG_METRICS_FILE' });
  expect(rig.livekit.workers).toEqual([]);
});

test('a full disk does not affect calls', async () => {
  const { pool } = await rig.registered({
    health: { port: 0 },
    metrics: { jsonlFile: '/dev/full', intervalMs: 250 },
  });
  const call = await rig.livekit.call();
  await rig.log.until('metrics were not written');
  expect(await call.say('hello')).toBe('You said: hello');
  expect((await get(pool, '/metrics')).text).toMatch(
    /openrtc_metrics_dropped_total\{sink="jsonl"\} [1-9]/,
  );
});

test('a meter that cannot be closed leaves nothing else open', async () => {
  const stuck = new Error('not this meter');
  const instrument = { record: () => {} };
  const meter: OtelMeter = {
    createObservableGauge: () => instrument,
    createObservableCounter: () => instrument,
    createHistogram: () => instrument,
    addBatchObservableCallback: () => {},
    removeBatchObservableCallback: () => {
      throw stuck;
    },
  };
  const { pool, running } = await rig.registered({ meter, health: { port: 0 } });
  await pool.close().catch(() => {});
  await expect(running).rejects.toBe(stuck);
  expect(pool.runtimeSnapshot()).toMatchObject({ state: 'closed', health: null });
});

test('openrtc top finds the worker and its calls, without secrets', async () => {
  vi.stubEnv('OPENRTC_RUNTIME_DIR', folder.of('run'));
  const { pool, running } = await rig.registered({}, { introspection: true });
  const call = await rig.livekit.call({
    jobMetadata: { agent: 'echo', note: 'for-the-agent-only' },
  });
  await call.say('my words');
  const { workers } = await readWorkers({ directories: [folder.of('run')], timeoutMs: 20_000 });
  expect(workers).toMatchObject([
    {
      pid: process.pid,
      report: {
        worker: { pid: process.pid },
        snapshot: {
          sessions: [{ jobId: call.jobId, agent: 'echo', resources: { basis: 'shared' } }],
        },
      },
    },
  ]);
  const said = JSON.stringify(workers);
  for (const secret of ['for-the-agent-only', 'my words', rig.livekit.apiSecret])
    expect(said).not.toContain(secret);
  await pool.close();
  await running;
  expect(await readWorkers({ directories: [folder.of('run')] })).toEqual({
    workers: [],
    problems: [],
  });
  vi.unstubAllEnvs();
});

test('openrtc reload finds the worker, which says how its agents can be reloaded', async () => {
  vi.stubEnv('OPENRTC_RUNTIME_DIR', folder.of('run'));
  const { pool, running } = await rig.registered({}, { introspection: true });
  const [worker] = (await findWorkers()).workers;
  expect(worker && (await commandWorker(worker, 'reload'))).toMatchObject({
    answer: {
      worker: { pid: process.pid },
      ok: false,
      error: {
        code: 'POOL_STATE',
        message: expect.stringContaining('openrtc start --reloadable'),
      },
    },
  });
  await pool.close();
  await running;
  expect((await findWorkers()).workers).toEqual([]);
  vi.unstubAllEnvs();
});

function reply(text: string): string {
  if (text === 'spin') spinLikeATool();
  return text;
}

function spinLikeATool(): void {
  const until = performance.now() + 3_000;
  while (performance.now() < until) JSON.stringify({ until });
}

import { voice } from '@livekit/agents';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { AuditEvent, AuditEventName } from '../operate/audit-event.js';
import { TestFolder } from '../operate/files.fixture.js';
import { signMetadata } from '../route/signed-metadata.js';
import { unauthorized } from '../session/failing-providers.fixture.js';
import { VersionLoader } from '../testing/conformance/conformance-code.js';
import { poolWithCode } from '../testing/conformance/conformance-pool.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { AgentPool } from './agent-pool.js';
import { manual } from './manual-isolation.fixture.js';
import { reloadChanged } from './pool-functions.js';
import { EchoAgent, PoolHarness, failing, inProcess } from './pool-harness.js';

const MARKER = 'marker-of-a-secret-0123456789-0123456789';

let rig: PoolHarness;
let folder: TestFolder;
let seen: AuditEvent[];

beforeEach(async () => {
  rig = await PoolHarness.start();
  folder = await TestFolder.make();
  seen = [];
});

afterEach(async () => {
  await rig.close();
  await folder[Symbol.asyncDispose]();
});

const sink = (event: AuditEvent) => void seen.push(event);
const names = () => seen.map(({ event }) => event);

type Of<Name extends AuditEventName> = Extract<AuditEvent, { readonly event: Name }>;

function of<Name extends AuditEventName>(name: Name): readonly Of<Name>[] {
  return seen.filter((event): event is Of<Name> => event.event === name);
}

const told = (name: AuditEventName, times = 1) =>
  expect.poll(() => of(name).length, { timeout: 20_000 }).toBe(times);

/** Answers nothing until the key is good. */
function keyed(state: { dead: boolean }) {
  class KeyedLLM extends EchoLLM {
    override chat(options: Parameters<EchoLLM['chat']>[0]) {
      if (state.dead) throw unauthorized();
      return super.chat(options);
    }
  }
  return () => new voice.Agent({ instructions: 'x', llm: new KeyedLLM() });
}

test('a worker from its start to its end: numbered lines without secrets, a flood in few of them', async () => {
  const key = { dead: true };
  const code = new VersionLoader(true);
  const file = folder.of('audit.jsonl');
  const pool = poolWithCode(
    {},
    rig.options({
      isolation: inProcess(),
      deploymentVersion: '9f2c1e',
      breaker: { minCalls: 3, cooldownMs: 1 },
      tenants: {
        bad: {
          inherit: true,
          greeting: MARKER,
          llm: Object.assign(() => new EchoLLM(), { MARKER }),
        },
        default: { inherit: true },
      },
      health: { port: 0, token: MARKER },
      audit: { sink: [{ file, fsync: true }, sink] },
    }),
    code,
  );
  pool.add('keyed', keyed(key));
  const running = pool.run({ processHandlers: false });
  await rig.log.until('registered with LiveKit');

  for (let at = 0; at < 500; at += 1)
    rig.livekit.dispatch({ room: `flood-${at}`, metadata: { agent: `nobody-${at}` } });
  await expect.poll(() => pool.runtimeSnapshot().refused['unknown_agent']).toBe(500);
  rig.livekit.dispatch({ room: 'unknown', metadata: { agent: 'keyed', tenant: 'stranger' } });
  await expect.poll(() => pool.runtimeSnapshot().refused['unknown_tenant']).toBe(1);

  const metadata = { agent: 'keyed', tenant: 'bad' };
  const live = [];
  for (let at = 0; at < 3; at += 1) {
    const call = await rig.livekit.call({ room: `bad-${at}`, metadata });
    live.push(call);
    call.type('hello').catch(() => {});
  }
  await told('breaker.opened');
  code.file = 'two';
  await pool.reload();
  code.file = 'broken';
  await reloadChanged(pool);
  await told('reload.refused');
  const drained = pool.drain();
  for (const call of live) call.hangUp();
  await Promise.all([drained, running]);

  expect(names().filter((name) => name !== 'call.refused')).toEqual([
    'worker.started',
    'worker.registered',
    'breaker.opened',
    'reload.applied',
    'reload.refused',
    'worker.draining',
    'worker.closed',
  ]);
  expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, at) => at + 1));
  expect(new Set(seen.map(({ worker, version }) => `${worker} ${version}`)).size).toBe(1);
  expect(seen[0]).toMatchObject({
    version: '9f2c1e',
    actor: 'system',
    details: {
      pid: process.pid,
      agents: expect.arrayContaining(['keyed']) as string[],
      configuration: {
        isolation: 'in-process',
        breaker: { minCalls: 3, cooldownMs: 1 },
        tenants: { tenants: 2 },
        health: { port: 0, token: true },
        audit: [{ file, fsync: true }, 'function'],
      },
    },
  });
  const refused = of('call.refused').map(({ details }) => details);
  const flood = refused.filter(({ reason }) => reason === 'unknown_agent');
  expect(flood.length).toBeLessThan(10);
  expect(flood.reduce((sum, { count }) => sum + count, 0)).toBe(500);
  expect(refused).toContainEqual({
    reason: 'unknown_tenant',
    count: 1,
    overMs: 0,
    calls: [{ agent: 'keyed', tenant: 'stranger', count: 1 }],
  });
  expect(of('breaker.opened')).toMatchObject([
    { target: 'tenant bad', details: { agent: 'keyed', unanswered: 3, calls: 3 } },
  ]);
  expect(of('reload.applied')).toMatchObject([
    { actor: 'user_code', details: { by: 'reload_call', generation: 1, agents: ['versioned'] } },
  ]);
  expect(of('reload.refused')).toMatchObject([
    { actor: 'command', result: 'failed', details: { by: 'file_change', generation: 1 } },
  ]);
  expect(of('worker.draining')).toMatchObject([
    { actor: 'user_code', details: { by: 'drain_call', calls: 'finish', liveCalls: 3 } },
  ]);
  expect(of('worker.closed')).toMatchObject([
    {
      result: 'ok',
      details: { how: 'drained', calls: 3, failedCalls: 0, cutCalls: 0, leftCalls: 0 },
    },
  ]);

  const text = await readFile(file, 'utf8');
  const lines = text.trim().split('\n');
  expect(lines.map((line) => JSON.parse(line) as AuditEvent)).toEqual(seen);
  expect(text).not.toContain(MARKER);
  expect(text).not.toContain(rig.livekit.apiSecret);
}, 60_000);

test('secrets of options, tenants and errors are in no line', async () => {
  const file = folder.of('audit.jsonl');
  const { apiSecret } = rig.livekit;
  const metadataSecret = `${MARKER}-metadata`;
  class Keyed extends EchoLLM {
    readonly apiKey = MARKER;
  }
  const { running } = await rig.registered({
    metadataSecret,
    tenants: (tenant) => {
      if (tenant === 'broken') throw new Error(`cannot log in with ${MARKER}`);
      return { inherit: true, llm: () => new Keyed(), greeting: MARKER };
    },
    defaults: { llm: new Keyed(), greeting: MARKER },
    prewarm: { menu: async () => MARKER },
    isolation: failing('ISOLATION_LOST'),
    agents: { echo: () => new EchoAgent(), bad: () => new EchoAgent() },
    consecutiveFailureLimit: 1,
    breaker: { minCalls: 1 },
    audit: { sink: { file } },
  });
  const signed = (values: object) => signMetadata(values, { secret: metadataSecret });
  rig.livekit.dispatch({ room: 'a', metadata: signed({ agent: 'echo', tenant: 'broken' }) });
  await rig.log.until('refused a call');
  rig.livekit.dispatch({ room: 'b', metadata: signed({ agent: 'bad' }) });
  await expect(running).rejects.toMatchObject({ code: 'POOL_UNHEALTHY' });
  const text = await readFile(file, 'utf8');
  for (const name of ['worker.started', 'call.refused', 'worker.draining', 'worker.closed'])
    expect(text).toContain(`"event":"${name}"`);
  for (const secret of [MARKER, apiSecret]) expect(text.split(secret)).toHaveLength(1);
});

describe('who ended it, and how', () => {
  test.each<[string, (pool: AgentPool) => Promise<void>, object, object]>([
    [
      'close()',
      (pool) => pool.close(),
      {
        actor: 'user_code',
        details: { by: 'close_call', calls: 'end', liveCalls: 1, signal: null },
      },
      { how: 'ended', calls: 1, cutCalls: 1 },
    ],
    [
      'drain(), with too little time',
      (pool) => pool.drain(),
      { actor: 'user_code', details: { by: 'drain_call', calls: 'finish' } },
      { how: 'ended', calls: 1, cutCalls: 1 },
    ],
  ])('%s', async (_how, end, draining, closed) => {
    const { pool, running } = await rig.registered({ audit: { sink }, drainTimeoutMs: 10 });
    const call = await rig.livekit.call();
    await call.say('hello');
    await Promise.all([end(pool), running]);
    expect(of('worker.draining')[0]).toMatchObject(draining);
    expect(of('worker.closed')).toMatchObject([{ result: 'ok', details: closed }]);
  });

  test('a drain that takes too long ends the calls: that is written as well', async () => {
    const { pool, running } = await rig.registered({ audit: { sink }, drainTimeoutMs: 10 });
    await (await rig.livekit.call()).say('hello');
    await Promise.all([pool.drain(), running]);
    expect(
      of('worker.draining').map(({ actor, details }) => [actor, details.by, details.calls]),
    ).toEqual([
      ['user_code', 'drain_call', 'finish'],
      ['system', 'drain_timeout', 'end'],
    ]);
  });

  test('the signal of run(), also one that had aborted before', async () => {
    const { running } = rig.start({ audit: { sink } }, { signal: AbortSignal.abort() });
    await running;
    expect(names()).toEqual(['worker.started', 'worker.draining', 'worker.closed']);
    expect(of('worker.draining')).toMatchObject([
      { actor: 'user_code', details: { by: 'abort_signal' } },
    ]);
  });

  test('a worker that keeps failing', async () => {
    const { running } = await rig.registered({
      agents: { bad: () => new EchoAgent() },
      isolation: failing('ISOLATION_LOST'),
      consecutiveFailureLimit: 1,
      audit: { sink },
    });
    rig.livekit.dispatch();
    await expect(running).rejects.toMatchObject({ code: 'POOL_UNHEALTHY' });
    expect(of('worker.draining')).toMatchObject([
      { actor: 'system', details: { by: 'failure_limit', error: { code: 'POOL_UNHEALTHY' } } },
    ]);
    expect(of('worker.closed')).toMatchObject([
      {
        result: 'failed',
        details: { how: 'failed', failedCalls: 1, error: { code: 'POOL_UNHEALTHY' } },
      },
    ]);
  });

  test('a worker that could not start', async () => {
    const { running } = rig.start({
      audit: { sink },
      prewarm: () => Promise.reject(new Error(`no menu for ${rig.livekit.apiSecret}`)),
    });
    await expect(running).rejects.toMatchObject({ code: 'PREWARM_FAILED' });
    expect(names()).toEqual(['worker.started', 'worker.closed']);
    expect(of('worker.closed')).toMatchObject([
      { details: { how: 'failed', drainMs: null, error: { code: 'PREWARM_FAILED' } } },
    ]);
    expect(JSON.stringify(seen)).not.toContain(rig.livekit.apiSecret);
  });

  test('connect(): its only call, and no registration', async () => {
    const { strategy, calls, began } = manual();
    const pool = new AgentPool(
      rig.options({
        agents: { echo: () => new EchoAgent() },
        isolation: strategy,
        audit: { sink },
      }),
    );
    const connected = pool.connect({ room: 'here' }, { processHandlers: false });
    await began;
    calls[0]?.end();
    await connected;
    expect(names()).toEqual(['worker.started', 'worker.draining', 'worker.closed']);
    expect(of('worker.draining')).toMatchObject([
      { actor: 'user_code', details: { by: 'connect' } },
    ]);
    expect(of('worker.closed')).toMatchObject([{ details: { how: 'drained', calls: 1 } }]);
  });
});

test('after a lost connection the worker registers again', async () => {
  await rig.registered({ audit: { sink } });
  await told('worker.registered');
  rig.livekit.dropWorkers();
  await told('worker.registered', 2);
  expect(of('worker.registered').map(({ details }) => details.again)).toEqual([false, true]);
});

test('new code that a call could not use', async () => {
  const code = new VersionLoader(true);
  const pool = poolWithCode({}, rig.options({ isolation: inProcess(), audit: { sink } }), code);
  const running = pool.run({ processHandlers: false });
  await rig.log.until('registered with LiveKit');
  const call = await rig.dial({ metadata: { agent: 'versioned' } });
  code.file = 'failing';
  await pool.reload();
  expect(await call.say('hello')).toBe('version one');
  await told('reload.rolled_back');
  expect(of('reload.rolled_back')).toMatchObject([
    {
      target: 'a call',
      result: 'failed',
      details: { generation: 0, count: 1, error: { message: 'this version cannot answer' } },
    },
  ]);
  await Promise.all([pool.close(), running]);
});

test('the breaker: opened, probed and closed', async () => {
  const key = { dead: true };
  await rig.registered({
    agents: { keyed: keyed(key) },
    breaker: { minCalls: 1, cooldownMs: 1 },
    audit: { sink },
  });
  const call = () => rig.livekit.call({ metadata: { tenant: 'bad' } });
  (await call()).type('hello').catch(() => {});
  await told('breaker.opened');
  key.dead = false;
  expect(await (await call()).say('hello')).toBe('You said: hello');
  await told('breaker.closed');
  expect(names().filter((name) => name.startsWith('breaker'))).toEqual([
    'breaker.opened',
    'breaker.probed',
    'breaker.closed',
  ]);
});

test('a sink that fails or hangs holds up no call and no end, and is counted', async () => {
  const { pool, running } = await rig.registered({
    audit: {
      sink: [
        () => new Promise<void>(() => {}),
        () => {
          throw new Error('broken');
        },
        { file: '/dev/full' },
        { url: 'http://127.0.0.1:9/', timeoutMs: 100 },
      ],
    },
    health: { port: 0 },
  });
  const call = await rig.livekit.call();
  expect(await call.say('hello')).toBe('You said: hello');
  await rig.log.until('audit: audit-function-2 loses events: broken');
  await rig.log.until('audit: audit-file fails: ');
  const { port } = pool.runtimeSnapshot().health ?? {};
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(metrics).toMatch(/openrtc_metrics_dropped_total\{sink="audit-function-2"\} [1-9]/);
  expect(metrics).toContain('openrtc_metrics_dropped_total{sink="audit-file"} 0');
  call.hangUp();
  await Promise.all([pool.drain(), running]);
  for (const name of ['audit-function', 'audit-file', 'audit-http'])
    expect(
      rig.log.matching('error', new RegExp(`^audit: ${name} has not got \\d+ events`)),
    ).toHaveLength(1);
});

test('a file that cannot be written fails the start, and nothing stays open', async () => {
  const { running } = rig.start({ audit: { sink: { file: folder.path } }, health: { port: 0 } });
  await expect(running).rejects.toMatchObject({ code: 'CONFIG_AUDIT_FILE' });
});

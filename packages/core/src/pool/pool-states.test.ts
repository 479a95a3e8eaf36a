import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { deferred } from '../base/deferred.js';
import { AgentPool } from './agent-pool.js';
import { serveTickets } from './pool-functions.js';
import { EchoAgent, PoolHarness } from './pool-harness.js';

// Every method in every state of a pool: docs/operating.md has the same table.
const states = ['idle', 'starting', 'running', 'draining', 'closed'] as const;
type State = (typeof states)[number];

/** What a method does: `works`, fails with `POOL_STATE`, returns the promise of the run, or closes the pool. */
type Result = 'works' | 'POOL_STATE' | 'same run' | 'starts' | 'closes';

const methods = {
  run: ['starts', 'same run', 'same run', 'same run', 'POOL_STATE'],
  serveTickets: ['starts', 'same run', 'same run', 'same run', 'POOL_STATE'],
  connect: ['starts', 'POOL_STATE', 'POOL_STATE', 'POOL_STATE', 'POOL_STATE'],
  configure: ['works', 'POOL_STATE', 'POOL_STATE', 'POOL_STATE', 'POOL_STATE'],
  drain: ['closes', 'closes', 'closes', 'closes', 'works'],
  close: ['closes', 'closes', 'closes', 'closes', 'works'],
  add: ['works', 'works', 'works', 'works', 'POOL_STATE'],
  replace: ['works', 'works', 'works', 'works', 'POOL_STATE'],
  discover: ['works', 'works', 'works', 'works', 'POOL_STATE'],
  remove: ['works', 'works', 'works', 'works', 'works'],
  get: ['works', 'works', 'works', 'works', 'works'],
  listAgents: ['works', 'works', 'works', 'works', 'works'],
  runtimeSnapshot: ['works', 'works', 'works', 'works', 'works'],
  inspect: ['works', 'works', 'works', 'works', 'works'],
  takeMetricsEvents: ['works', 'works', 'works', 'works', 'works'],
  processes: ['works', 'works', 'works', 'works', 'works'],
} as const satisfies Record<string, readonly [Result, Result, Result, Result, Result]>;
type Method = keyof typeof methods;

let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

/** A pool in a state, with the promise of its run, and a function that lets it come to its end. */
async function poolIn(state: State) {
  if (state === 'idle') {
    const pool = new AgentPool(rig.options({ agents: { echo: () => new EchoAgent() } }));
    return { pool, running: undefined, finish: () => {} };
  }
  if (state === 'starting') {
    const began = deferred();
    const loading = deferred();
    const started = rig.start({
      prewarm: async () => {
        began.resolve();
        await loading.promise;
      },
    });
    await began.promise;
    return { ...started, finish: () => loading.resolve() };
  }
  const started = await rig.registered();
  // With its first call it runs, whatever the registration was the last step of.
  const call = await rig.livekit.call();
  await call.say('hello');
  if (state === 'running') return { ...started, finish: () => call.hangUp() };
  const drained = started.pool.drain();
  if (state === 'draining') return { ...started, finish: () => call.hangUp() };
  call.hangUp();
  await drained;
  await started.running;
  return { ...started, finish: () => {} };
}

function call(pool: AgentPool, method: Method): unknown {
  const never = { send() {}, onMessage() {}, onClose() {}, close() {} };
  switch (method) {
    case 'run':
      return pool.run({ processHandlers: false });
    case 'serveTickets':
      return serveTickets(pool, never);
    case 'connect':
      return pool.connect({ room: 'lobby' }, { processHandlers: false });
    case 'configure':
      return pool.configure({ maxConcurrentSessions: 3 });
    case 'add':
      return pool.add('another', () => new EchoAgent());
    case 'replace':
      return pool.replace('echo', () => new EchoAgent());
    case 'discover':
      return pool.discover(new URL('../agents/', import.meta.url)).catch((error: unknown) => {
        // The directory has no agents, which is found after the state was checked.
        expect(error).toMatchObject({
          code: expect.stringMatching(/^(CONFIG_DISCOVERY|POOL_STATE)$/),
        });
        if ((error as { code: string }).code === 'POOL_STATE') throw error;
      });
    case 'remove':
    case 'get':
      return pool[method]('echo');
    case 'drain':
    case 'close':
    case 'listAgents':
    case 'runtimeSnapshot':
    case 'inspect':
    case 'takeMetricsEvents':
    case 'processes':
      return pool[method]();
  }
}

describe.each(states.map((state, index) => [state, index] as const))(
  'a pool that is %s',
  (state, index) => {
    test.each(Object.keys(methods) as Method[])('%s()', async (method) => {
      const expected: Result = methods[method][index] as Result;
      const { pool, running, finish } = await poolIn(state);
      expect(pool.runtimeSnapshot().state).toBe(state);
      // An async function turns what is thrown into a rejection.
      const given: { result?: unknown } = {};
      const done = (async () => (given.result = call(pool, method)))().then(
        async () => given.result,
        (error: unknown) => Promise.reject(error),
      );
      if (expected === 'POOL_STATE') {
        await expect(done).rejects.toMatchObject({ code: 'POOL_STATE' });
        finish();
        await pool.close();
        return;
      }
      if (expected === 'same run') expect(given.result).toBe(running);
      if (expected === 'starts') expect(pool.runtimeSnapshot().state).not.toBe('idle');
      done.catch(() => {});
      if (expected === 'works') await done;
      finish();
      if (expected === 'closes') {
        await done;
        await running;
        expect(pool.runtimeSnapshot().state).toBe('closed');
        await expect(pool.run()).rejects.toMatchObject({
          code: 'POOL_STATE',
          message: 'run(): this pool is closed, and a pool runs once: construct a new AgentPool.',
        });
      }
      // What serveTickets() has begun, only its channel could end.
      if (method !== 'serveTickets') await pool.close();
    });
  },
);

test('run() twice in one tick is one run', async () => {
  const pool = new AgentPool(rig.options({ agents: { echo: () => new EchoAgent() } }));
  const one = pool.run({ processHandlers: false });
  expect(pool.run({ processHandlers: false })).toBe(one);
  await rig.livekit.until(({ workers }) => workers.length === 1);
  await pool.close();
  await one;
  await rig.livekit.until(({ workers }) => workers.length === 0);
});

test('a pool that is closed while its start is prepared by a command does not start', async () => {
  const pool = new AgentPool(rig.options({ agents: { echo: () => new EchoAgent() } }));
  await Promise.all([pool.close(), pool.drain()]);
  await expect(pool.run({ processHandlers: false, cli: false })).rejects.toMatchObject({
    code: 'POOL_STATE',
  });
  expect(rig.livekit.workers).toHaveLength(0);
});

test('docs/operating.md has this table', () => {
  const page = readFileSync(new URL('../../../../docs/operating.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)\(\)` \| (.+) \|$/gm)].map(([, method, cells = '']) => [
    method,
    cells.split(' | ').map((cell) => cell.replaceAll('`', '')),
  ]);
  expect(Object.fromEntries(rows)).toEqual(methods);
});

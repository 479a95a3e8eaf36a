import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { deferred } from '../base/deferred.js';
import type { IsolationStrategy } from '../launch/isolation-strategy.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import { AgentPool } from './agent-pool.js';
import { EchoAgent, PoolHarness, inProcess } from './pool-harness.js';

// close() is over within 4 s, whatever hangs. Nothing here takes that long: the clock is moved.
let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(async () => {
  vi.useRealTimers();
  await rig.close();
});

const never = () => new Promise<never>(() => {});

/** A strategy with some members of its isolation replaced. */
function withIsolation(members: object): IsolationStrategy {
  const inner = inProcess();
  return {
    name: 'hanging',
    open: async (host, signal) => ({ ...(await inner.open(host, signal)), ...members }),
  };
}

const models = {
  load: async () => {},
  turnDetector: false,
  executor: { doInference: async () => ({}) },
};

const hanging: readonly (readonly [string, () => AgentPoolOptions, string])[] = [
  ['an observer', () => ({ observers: [{ onSessionEnd: never }] }), 'could not be reported'],
  [
    'a call that its strategy never ends',
    () => ({ isolation: withIsolation({ run: never }) }),
    'calls did not end when they were hung up',
  ],
  [
    'the strategy that is closed',
    () => ({ isolation: withIsolation({ [Symbol.asyncDispose]: never }) }),
    'closing takes too long',
  ],
  [
    'the models that are closed',
    () => ({ models: { ...models, [Symbol.asyncDispose]: never } }),
    'closing takes too long',
  ],
  [
    'everything at once',
    () => ({
      observers: [{ onSessionEnd: never }, { onSessionEnd: never }],
      isolation: withIsolation({ run: never, [Symbol.asyncDispose]: never }),
      models: { ...models, [Symbol.asyncDispose]: never },
    }),
    'closing takes too long',
  ],
];

/** Moves the clock until `work` is over, and returns by how much. */
async function clockUntil(work: Promise<unknown>): Promise<number> {
  let over = false;
  void Promise.allSettled([work]).then(() => (over = true));
  let ms = 0;
  while (!over) {
    await vi.advanceTimersByTimeAsync(100);
    ms += 100;
    // What is not a timer, such as a message of a socket, takes real time.
    await new Promise((resolve) => setImmediate(resolve));
    if (ms > 60_000) throw new Error('it never ended');
  }
  return ms;
}

const fakeClock = () =>
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });

test.each(hanging)('close() is over in 4 s with %s that hangs', async (_what, options, logged) => {
  const { pool, running } = await rig.registered(options());
  rig.livekit.dispatch({ room: 'lobby' });
  await rig.livekit.until(() => pool.runtimeSnapshot().activeSessions === 1);
  fakeClock();
  expect(await clockUntil(pool.close())).toBeLessThanOrEqual(4_000);
  await running;
  expect(rig.log.has(logged)).toBe(true);
  expect(pool.runtimeSnapshot().state).toBe('closed');
});

test('close() in the middle of a drain that hangs shortens what is left of it', async () => {
  const observed = deferred();
  const onSessionEnd = () => {
    observed.resolve();
    return never();
  };
  const { pool, running } = await rig.registered({ observers: [{ onSessionEnd }] });
  const call = await rig.livekit.call();
  const drained = pool.drain();
  call.hangUp();
  await observed.promise;
  fakeClock();
  expect(await clockUntil(pool.close())).toBeLessThanOrEqual(4_000);
  await Promise.all([drained, running]);
});

test('a drain is over too when the strategy never closes', async () => {
  const isolation = withIsolation({ [Symbol.asyncDispose]: never });
  const { pool, running } = await rig.registered({ isolation });
  fakeClock();
  expect(await clockUntil(pool.drain())).toBeLessThanOrEqual(30_000);
  await running;
});

test('calls that were hung up because the drain took too long keep the time they were given', async () => {
  const { pool, running } = await rig.registered({
    drainTimeoutMs: 1_000,
    isolation: withIsolation({ run: never }),
  });
  rig.livekit.dispatch({ room: 'lobby' });
  await rig.livekit.until(() => pool.runtimeSnapshot().activeSessions === 1);
  fakeClock();
  const drained = pool.drain();
  await vi.advanceTimersByTimeAsync(2_000);
  const ms = await clockUntil(pool.close());
  expect(ms).toBeGreaterThan(29_000);
  expect(ms).toBeLessThanOrEqual(33_000);
  await Promise.all([drained, running]);
});

test.each(['close', 'drain'] as const)(
  '%s() during the start is over in 4 s when open() ignores its signal, and what opens later is closed',
  async (method) => {
    const began = deferred();
    const opened = deferred();
    const disposed = deferred();
    const isolation: IsolationStrategy = {
      name: 'deaf',
      async open() {
        began.resolve();
        await opened.promise;
        return {
          run: never,
          async [Symbol.asyncDispose]() {
            disposed.resolve();
          },
        };
      },
    };
    const pool = new AgentPool(rig.options({ isolation, agents: { echo: () => new EchoAgent() } }));
    const running = pool.run({ processHandlers: false });
    await began.promise;
    fakeClock();
    expect(await clockUntil(pool[method]())).toBeLessThanOrEqual(4_000);
    await running;
    opened.resolve();
    await disposed.promise;
  },
);

test('close() resolves when the health server is closed, too', async () => {
  const { pool, running } = await rig.registered({}, { health: { port: 0 } });
  const { health } = pool.runtimeSnapshot();
  await pool.close();
  await expect(fetch(`http://127.0.0.1:${health?.port}/healthz`)).rejects.toThrow();
  await running;
});

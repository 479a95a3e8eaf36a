import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { IsolationStrategy } from '../launch/isolation-strategy.js';
import { RawWorker } from '../testing/embedded/raw-worker.fixture.js';
import { manual } from './manual-isolation.fixture.js';
import { EchoAgent, PoolHarness } from './pool-harness.js';

let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

describe('places', () => {
  test('a burst never takes more places than there are, and each is released', async () => {
    const { strategy, calls, placed } = manual();
    const { pool } = await rig.registered({ isolation: strategy, maxConcurrentSessions: 3 });
    for (const at of Array.from({ length: 12 }).keys())
      rig.livekit.dispatch({ room: `room-${at}` });
    await rig.livekit.until(({ jobs }) =>
      jobs.every(({ status }) => status === 'running' || status === 'failed'),
    );
    await rig.livekit.until(() => calls.length === 3);
    expect(pool.runtimeSnapshot()).toMatchObject({
      activeSessions: 3,
      reservedSessions: 0,
      totalSessionsStarted: 3,
    });
    expect(placed).toHaveLength(3);
    for (const { end } of calls) end();
    await rig.livekit.until(
      ({ jobs }) => jobs.filter(({ status }) => status === 'success').length === 3,
    );
    expect(pool.runtimeSnapshot()).toMatchObject({ activeSessions: 0, reservedSessions: 0 });
  });

  test('a burst for one tenant never takes more places than it may have', async () => {
    const { strategy, calls } = manual();
    const { pool } = await rig.registered({
      isolation: strategy,
      maxSessionsPerAgent: 4,
      maxSessionsPerTenant: { acme: 2 },
    });
    const metadata = (tenant: string) => JSON.stringify({ tenant });
    for (const at of Array.from({ length: 6 }).keys())
      rig.livekit.dispatch({ room: `room-${at}`, metadata: metadata(at < 5 ? 'acme' : 'other') });
    await rig.livekit.until(({ jobs }) =>
      jobs.every(({ status }) => status === 'running' || status === 'failed'),
    );
    await rig.livekit.until(() => calls.length === 3);
    expect(pool.runtimeSnapshot()).toMatchObject({
      sessionsByTenant: { acme: 2, other: 1 },
      refused: { tenant_full: 3 },
    });
    for (const { end } of calls) end();
    await rig.livekit.until(({ jobs }) => jobs.every(({ status }) => status !== 'running'));
    rig.livekit.dispatch({ room: 'later', metadata: metadata('acme') });
    await rig.livekit.until(() => calls.length === 4);
    calls[3]?.end();
  });

  test('a strategy that has no place refuses, and the slot is free again', async () => {
    const { strategy } = manual();
    const crowded: IsolationStrategy = {
      name: 'crowded',
      open: async (host, signal) => ({
        ...(await strategy.open(host, signal)),
        reserve: () => ({ refused: 'isolation', message: 'no container free' }),
        async [Symbol.asyncDispose]() {},
      }),
    };
    const { pool } = await rig.registered({ isolation: crowded, maxConcurrentSessions: 1 });
    for (const _ of [1, 2]) await expect(rig.livekit.call()).rejects.toThrow('all refused');
    expect(pool.runtimeSnapshot()).toMatchObject({
      refused: { isolation: 2 },
      reservedSessions: 0,
    });
  });

  test('a strategy whose reserve() throws refuses, and the slot is free again', async () => {
    const { strategy } = manual();
    const faulty: IsolationStrategy = {
      name: 'faulty',
      open: async (host, signal) => ({
        ...(await strategy.open(host, signal)),
        reserve: () => {
          throw new Error('a bug in a strategy');
        },
        async [Symbol.asyncDispose]() {},
      }),
    };
    const { pool, running } = await rig.registered({ isolation: faulty, maxConcurrentSessions: 1 });
    for (const _ of [1, 2]) await expect(rig.livekit.call()).rejects.toThrow('all refused');
    expect(pool.runtimeSnapshot()).toMatchObject({
      refused: { isolation: 2 },
      reservedSessions: 0,
      activeSessions: 0,
    });
    await pool.drain();
    await running;
  });

  test('a refused call goes to another worker', async () => {
    await rig.registered({ agents: { sales: () => new EchoAgent() } });
    const other = await RawWorker.register(rig.livekit);
    const taken = other.accept();
    // Only the other worker knows this agent; ours is asked first or not at all.
    rig.livekit.dispatch({ metadata: { agent: 'support' } });
    expect((await taken).job?.id).toBeTruthy();
    other.close();
  });

  test('a call whose process is lost fails, and its participant is taken out of the room', async () => {
    const { strategy, calls, began } = manual();
    const { pool } = await rig.registered({ isolation: strategy });
    const jobId = rig.livekit.dispatch({ room: 'lobby' });
    await began;
    calls[0]?.fail({ code: 'ISOLATION_LOST', message: 'the child died' });
    expect(await rig.ends.of(jobId)).toMatchObject({
      status: 'failed',
      error: { code: 'ISOLATION_LOST' },
    });
    await rig.livekit.until(({ jobs }) => jobs[0]?.error === 'ISOLATION_LOST: the child died');
    // Nobody had joined, so there is nobody to remove; that is only logged.
    await rig.log.until('could not be removed');
    expect(pool.runtimeSnapshot()).toMatchObject({ activeSessions: 0, totalSessionFailures: 1 });
  });
});

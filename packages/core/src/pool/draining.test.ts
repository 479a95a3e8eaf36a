import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { manual } from './manual-isolation.fixture.js';
import { EchoAgent, failing, PoolHarness, unclosable } from './pool-harness.js';

let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

describe('draining', () => {
  test('lets live calls end by themselves, and refuses new ones', async () => {
    const { pool, running } = await rig.registered();
    const call = await rig.livekit.call();
    await call.say('hello');
    const drained = pool.drain();
    await rig.livekit.until(({ workers }) => workers[0]?.status === 'full');
    expect(pool.runtimeSnapshot()).toMatchObject({
      state: 'draining',
      draining: true,
      activeSessions: 1,
    });
    expect(await call.say('still there?')).toBe('You said: still there?');
    await expect(rig.livekit.call()).rejects.toThrow('no workers with sufficient capacity');
    call.hangUp();
    await Promise.all([drained, running]);
    expect(await call.ended).toEqual({ status: 'success', error: '' });
    expect(pool.runtimeSnapshot()).toMatchObject({
      state: 'closed',
      activeSessions: 0,
      totalSessionsStarted: 1,
    });
    await rig.livekit.until(({ workers }) => workers.length === 0);
  });

  test('the signal given to run() drains', async () => {
    const stop = new AbortController();
    const { running } = await rig.registered({}, { signal: stop.signal });
    const call = await rig.livekit.call();
    await call.say('hello');
    stop.abort();
    expect(await call.say('still there?')).toBe('You said: still there?');
    call.hangUp();
    await running;
  });

  test('a job that was accepted before and is assigned after it still runs', async () => {
    const { strategy, calls, began } = manual();
    const { pool, running } = await rig.registered({ isolation: strategy });
    // In the tick of the acceptance, before its answer has left.
    const drained = rig.log.when('accepted a call', () => pool.drain());
    const jobId = rig.livekit.dispatch({ room: 'lobby' });
    await began;
    expect(calls[0]?.ticket.info.jobId).toBe(jobId);
    expect(calls[0]?.signal.aborted).toBe(false);
    expect(pool.runtimeSnapshot()).toMatchObject({ draining: true, activeSessions: 1 });
    calls[0]?.end();
    await Promise.all([drained, running]);
  });

  test('a job that was accepted before a close and is assigned after it is ended like the others', async () => {
    const { strategy, calls, isClosed } = manual();
    const { pool, running } = await rig.registered({ isolation: strategy });
    const closed = rig.log.when('accepted a call', () => pool.close());
    rig.livekit.dispatch({ room: 'lobby' });
    await Promise.all([closed, running]);
    expect(calls[0]?.signal.reason).toMatchObject({ reason: 'pool_closed' });
    expect(isClosed()).toBe(true);
  });

  test('ends the remaining calls after its timeout', async () => {
    const { pool, running } = await rig.registered({ drainTimeoutMs: 10 });
    const call = await rig.livekit.call();
    await call.say('hello');
    await Promise.all([pool.drain(), running]);
    expect(await rig.ends.of(call.jobId)).toMatchObject({
      status: 'cancelled',
      reason: 'drain_timeout',
    });
    expect(rig.log.lines).toContainEqual(
      expect.objectContaining({ fields: { drainTimeoutMs: 10, jobIds: [call.jobId] } }),
    );
  });

  test('a close after a drain does not wait for the calls', async () => {
    const { pool, running } = await rig.registered();
    const call = await rig.livekit.call();
    await call.say('hello');
    const drained = pool.drain();
    await pool.close();
    await Promise.all([drained, running]);
    expect(await rig.ends.of(call.jobId)).toMatchObject({ reason: 'pool_closed' });
  });

  test('a call that ends while LiveKit is away does not keep the drain waiting', async () => {
    const { pool, running } = await rig.registered();
    const call = await rig.livekit.call();
    await call.say('hello');
    const drained = pool.drain();
    // Gone for good, with everybody in its rooms.
    await rig.livekit.close();
    await Promise.all([drained, running]);
    expect(pool.runtimeSnapshot().state).toBe('closed');
  }, 30_000);
});

describe('a pool that keeps failing', () => {
  test('drains at the limit and says why, and its live call goes on', async () => {
    const { pool, running } = await rig.registered({
      agents: { good: () => new EchoAgent(), bad: () => new EchoAgent() },
      isolation: failing('ISOLATION_LOST'),
      consecutiveFailureLimit: 2,
    });
    const call = await rig.livekit.call({ metadata: { agent: 'good' } });
    await call.say('hello');
    for (const room of ['one', 'two']) {
      const jobId = rig.livekit.dispatch({ room, metadata: { agent: 'bad' } });
      expect(await rig.ends.of(jobId)).toMatchObject({ error: { code: 'ISOLATION_LOST' } });
    }
    await rig.livekit.until(() => pool.runtimeSnapshot().state === 'draining');
    expect(pool.runtimeSnapshot()).toMatchObject({ consecutiveFailures: 2, activeSessions: 1 });
    expect(await call.say('still there?')).toBe('You said: still there?');
    call.hangUp();
    await expect(running).rejects.toMatchObject({
      code: 'POOL_UNHEALTHY',
      message: expect.stringContaining('ISOLATION_LOST'),
    });
    expect(await rig.ends.of(call.jobId)).toMatchObject({
      status: 'success',
      reason: 'caller_left',
    });
  });

  test('rejects with that, also when the isolation cannot be closed', async () => {
    const stuck = new Error('cannot close');
    const { running } = await rig.registered({
      agents: { bad: () => new EchoAgent() },
      isolation: unclosable(stuck, failing('ISOLATION_LOST')),
      consecutiveFailureLimit: 1,
    });
    rig.livekit.dispatch();
    await expect(running).rejects.toMatchObject({ code: 'POOL_UNHEALTHY' });
    expect(rig.log.lines).toContainEqual(
      expect.objectContaining({ level: 'error', fields: { error: stuck } }),
    );
  });

  test('a worker without a fault rejects with what could not be closed', async () => {
    const stuck = new Error('cannot close');
    const { pool, running } = await rig.registered({ isolation: unclosable(stuck) });
    pool.drain().catch(() => {});
    await expect(running).rejects.toBe(stuck);
  });

  test('a successful call between failures ends the streak', async () => {
    const { pool } = await rig.registered({
      agents: { good: () => new EchoAgent(), bad: () => new EchoAgent() },
      isolation: failing('ISOLATION_LOST'),
      consecutiveFailureLimit: 2,
    });
    const fail = async () => rig.ends.of(rig.livekit.dispatch({ metadata: { agent: 'bad' } }));
    await fail();
    const call = await rig.livekit.call({ metadata: { agent: 'good' } });
    await call.say('hello');
    call.hangUp();
    await rig.ends.of(call.jobId);
    await fail();
    expect(pool.runtimeSnapshot()).toMatchObject({
      state: 'running',
      totalSessionFailures: 2,
      consecutiveFailures: 1,
    });
  });

  test('refused calls do not count as failures', async () => {
    const { pool } = await rig.registered({ consecutiveFailureLimit: 1 });
    for (const _ of [1, 2, 3]) {
      await expect(rig.livekit.call({ metadata: { agent: 'nobody' } })).rejects.toThrow(
        'all refused',
      );
    }
    expect(pool.runtimeSnapshot()).toMatchObject({
      state: 'running',
      refused: { unknown_agent: 3 },
      totalSessionFailures: 0,
      totalSessionsStarted: 0,
    });
  });
});

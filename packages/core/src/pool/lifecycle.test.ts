import type { voice } from '@livekit/agents';
import { createHook } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { deferred } from '../deferred.js';
import type { IsolationStrategy } from '../launch/isolation.js';
import type { JobTicket } from '../launch/job-ticket.js';
import { RawWorker } from '../testing/embedded/raw-worker.fixture.js';
import { cloning } from '../testing/cloning-isolation.js';
import { AgentPool } from './agent-pool.js';
import { EchoAgent, PoolHarness, inProcess } from './pool-harness.js';

let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

/** A strategy whose calls end when the test says so. */
function manual() {
  const calls: {
    ticket: JobTicket;
    signal: AbortSignal;
    end: () => void;
    fail: (error: unknown) => void;
  }[] = [];
  const placed: string[] = [];
  const began = deferred();
  let closed = false;
  const strategy: IsolationStrategy = {
    name: 'manual',
    open: async () => ({
      run: (ticket, signal) => {
        const { promise, resolve, reject } = deferred();
        calls.push({ ticket, signal, end: resolve, fail: reject });
        began.resolve();
        signal.addEventListener('abort', () => resolve());
        if (signal.aborted) resolve();
        return promise;
      },
      reserve: (call) => {
        placed.push(call.jobId);
        return { release: () => void placed.splice(placed.indexOf(call.jobId), 1) };
      },
      async [Symbol.asyncDispose]() {
        closed = true;
      },
    }),
  };
  return { strategy, calls, placed, began: began.promise, isClosed: () => closed };
}

const broken = () => {
  throw new Error('broken');
};

describe('starting', () => {
  test('running twice is running once', async () => {
    const { pool, running } = await rig.registered();
    expect(pool.run()).toBe(running);
    expect(rig.livekit.workers).toHaveLength(1);
  });

  test('prewarm is over before the worker registers, and its data reaches every call', async () => {
    const loading = deferred();
    const began = deferred();
    const seen: unknown[] = [];
    const { running } = rig.start({
      prewarm: async (proc) => {
        began.resolve();
        await loading.promise;
        proc.userData['menu'] = ['soup'];
      },
      setup: (ctx) => void seen.push(ctx.proc.userData['menu']),
    });
    await began.promise;
    expect(rig.livekit.workers).toEqual([]);
    loading.resolve();
    await Promise.race([rig.livekit.until(({ workers }) => workers.length === 1), running]);
    const calls = await Promise.all([rig.livekit.call(), rig.livekit.call()]);
    await Promise.all(calls.map((call) => call.say('hello')));
    expect(seen).toEqual([['soup'], ['soup']]);
  });

  test('a prewarm that fails stops the start, and nothing registers', async () => {
    const { pool, running } = rig.start({
      prewarm: () => {
        throw new Error('no model file');
      },
    });
    await expect(running).rejects.toMatchObject({
      code: 'PREWARM_FAILED',
      message: expect.stringContaining('no model file'),
    });
    expect(rig.livekit.workers).toEqual([]);
    expect(pool.runtimeSnapshot().state).toBe('closed');
  });

  test('shared models are loaded once before the worker registers, and freed after it', async () => {
    const steps: string[] = [];
    const models = {
      executor: { doInference: () => Promise.reject(new Error('not in this test')) },
      turnDetector: false,
      load: async () => {
        steps.push(`load with ${rig.livekit.workers.length} workers`);
      },
      async [Symbol.asyncDispose]() {
        steps.push('free');
      },
    };
    const { pool, running } = await rig.registered({ models });
    await (await rig.livekit.call()).say('hello');
    await pool.close();
    await running;
    expect(steps).toEqual(['load with 0 workers', 'free']);
  });

  test('a start that is drained comes to nothing, in good order', async () => {
    const loading = deferred();
    const began = deferred();
    const { pool, running } = rig.start({
      prewarm: () => {
        began.resolve();
        return loading.promise;
      },
    });
    await began.promise;
    expect(pool.runtimeSnapshot().state).toBe('starting');
    const drained = pool.drain();
    loading.resolve();
    await Promise.all([drained, running]);
    expect(pool.runtimeSnapshot().state).toBe('closed');
    expect(rig.livekit.workers).toEqual([]);
    expect(rig.livekit.jobs).toEqual([]);
  });

  test('a start is called off while LiveKit cannot be reached', async () => {
    const { url, ...keys } = rig.options().livekit ?? {};
    expect(url).toBeDefined();
    const { pool, running } = rig.start({ livekit: { ...keys, url: 'ws://127.0.0.1:9' } });
    await rig.log.until('could not be reached');
    await pool.close();
    await running;
  });

  test('a signal that has aborted already starts nothing', async () => {
    const { running } = rig.start({}, { signal: AbortSignal.abort() });
    await running;
    expect(rig.livekit.workers).toEqual([]);
  });

  test('draining or closing a pool that never ran does nothing', async () => {
    const pool = new AgentPool(rig.options());
    await pool.drain();
    await pool.close();
    expect(pool.runtimeSnapshot()).toMatchObject({
      state: 'idle',
      uptimeSeconds: 0,
      livekit: { state: 'none' },
    });
  });
});

describe('draining', () => {
  test('lets live calls come to their own end, and refuses new ones', async () => {
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
    expect(calls[0]?.ticket.jobId).toBe(jobId);
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

  test('past its timeout it ends the calls that are left', async () => {
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

  test('a call that ends while LiveKit is away does not hold it up for ever', async () => {
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
  test('drains at the limit and says why, and the call that goes well goes on', async () => {
    const { pool, running } = await rig.registered({
      agents: { good: () => new EchoAgent(), bad: broken },
      consecutiveFailureLimit: 2,
    });
    const call = await rig.livekit.call({ metadata: { agent: 'good' } });
    await call.say('hello');
    for (const room of ['one', 'two']) {
      const jobId = rig.livekit.dispatch({ room, metadata: { agent: 'bad' } });
      expect(await rig.ends.of(jobId)).toMatchObject({ error: { code: 'SESSION_AGENT_FAILED' } });
    }
    await rig.livekit.until(() => pool.runtimeSnapshot().state === 'draining');
    expect(pool.runtimeSnapshot()).toMatchObject({ consecutiveFailures: 2, activeSessions: 1 });
    expect(await call.say('still there?')).toBe('You said: still there?');
    call.hangUp();
    await expect(running).rejects.toMatchObject({
      code: 'POOL_UNHEALTHY',
      message: expect.stringContaining('SESSION_AGENT_FAILED'),
    });
    expect(await rig.ends.of(call.jobId)).toMatchObject({
      status: 'success',
      reason: 'caller_left',
    });
  });

  test('a call that goes well between them ends the streak', async () => {
    const { pool } = await rig.registered({
      agents: { good: () => new EchoAgent(), bad: broken },
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

  test('calls that were refused are no failures', async () => {
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

describe('places', () => {
  test('a burst never takes more than there are, and each is given back', async () => {
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
    // Nobody had joined, so there is nobody to remove: said once, and no more.
    await rig.log.until('could not be removed');
    expect(pool.runtimeSnapshot()).toMatchObject({ activeSessions: 0, totalSessionFailures: 1 });
  });
});

describe('agents', () => {
  test('one that is added while the pool runs takes calls', async () => {
    const { pool } = await rig.registered();
    pool.add('late', () => new EchoAgent('Late'));
    const call = await rig.livekit.call({ metadata: { agent: 'late' } });
    expect(await call.say('hello')).toBe('Late said: hello');
    expect(pool.runtimeSnapshot().registeredAgents).toEqual(['echo', 'late']);
  });

  test('one that is removed takes no more calls; its live one goes on', async () => {
    const { pool } = await rig.registered({
      agents: { echo: () => new EchoAgent(), gone: () => new EchoAgent('Gone') },
    });
    const call = await rig.livekit.call({ metadata: { agent: 'gone' } });
    await call.say('hello');
    pool.remove('gone');
    expect(await call.say('still there?')).toBe('Gone said: still there?');
    await expect(rig.livekit.call({ metadata: { agent: 'gone' } })).rejects.toThrow('all refused');
  });

  test.each([
    ['inProcess()', inProcess],
    ['cloning()', cloning],
  ])(
    'one that is removed or replaced once a call was accepted for it runs that call, by %s',
    async (_name, isolation) => {
      const { pool } = await rig.registered({
        isolation: isolation(),
        agents: { echo: () => new EchoAgent(), gone: () => new EchoAgent('Gone') },
      });
      const { faults } = rig.livekit;
      faults.holdAssignments();
      const calling = rig.livekit.call({ metadata: { agent: 'gone' } });
      await rig.livekit.until(() => faults.heldAssignments === 1);
      pool.remove('gone');
      faults.releaseAssignments();
      const call = await calling;
      expect(await call.say('hello')).toBe('Gone said: hello');

      faults.holdAssignments();
      const callingAgain = rig.livekit.call({ metadata: { agent: 'echo' } });
      await rig.livekit.until(() => faults.heldAssignments === 1);
      pool.remove('echo');
      pool.add('echo', () => new EchoAgent('New echo'));
      faults.releaseAssignments();
      const replaced = await callingAgain;
      expect(await replaced.say('hello')).toBe('You said: hello');
      const next = await rig.livekit.call({ metadata: { agent: 'echo' } });
      expect(await next.say('hello')).toBe('New echo said: hello');
      expect(pool.runtimeSnapshot().totalSessionFailures).toBe(0);
    },
  );

  test('a name for explicit dispatch is registered, and only its calls come', async () => {
    await rig.registered({ agentName: 'front-desk' });
    expect(rig.livekit.workers).toMatchObject([{ agentName: 'front-desk' }]);
    const call = await rig.livekit.call({ agentName: 'front-desk' });
    expect(await call.say('hello')).toBe('You said: hello');
    await expect(rig.livekit.call()).rejects.toThrow('none is registered without an agent name');
  });

  test('each call has an agent of its own', async () => {
    const built: voice.Agent[] = [];
    await rig.registered({
      agents: {
        echo: () => {
          built.push(new EchoAgent());
          return built.at(-1)!;
        },
      },
    });
    await Promise.all([rig.livekit.call(), rig.livekit.call()]);
    expect(new Set(built).size).toBe(2);
  });
});

describe('what is left after it', () => {
  const events = ['SIGTERM', 'SIGINT', 'uncaughtException', 'unhandledRejection'] as const;
  const listeners = () => events.map((event) => process.listenerCount(event));

  test('no process listener of ours, whether it ran or failed to start', async () => {
    const before = listeners();
    const { pool, running } = await rig.registered({}, { processHandlers: true });
    expect(listeners()).toEqual(before.map((count) => count + 1));
    await pool.drain();
    await running;
    expect(listeners()).toEqual(before);
    await expect(rig.start({ prewarm: broken }, { processHandlers: true }).running).rejects.toThrow(
      'broken',
    );
    expect(listeners()).toEqual(before);
  });

  test('no timer of ours', async () => {
    using timers = new TimerWatch();
    const { pool, running } = await rig.registered({ isolation: inProcess() });
    const call = await rig.livekit.call();
    await call.say('hello');
    call.hangUp();
    await rig.ends.of(call.jobId);
    await pool.drain();
    await running;
    await rig.livekit.close();
    expect(await timers.left()).toEqual([]);
  });
});

/** Every timer that is set and not over, by the line of ours that set it. The SDK and Vitest have their own. */
class TimerWatch implements Disposable {
  readonly #live = new Map<number, string>();
  readonly #hook = createHook({
    init: (id, type) => {
      const frames = (new Error().stack ?? '')
        .split('\n')
        .slice(1)
        .filter((line) => !/node:|TimerWatch|AsyncHook/.test(line));
      if (type === 'Timeout' && frames[0]?.includes('/core/src/'))
        this.#live.set(id, frames[0].trim());
    },
    destroy: (id) => void this.#live.delete(id),
  }).enable();

  async left(): Promise<string[]> {
    // Node tells of the end of a timer in a later tick.
    for (const _ of [1, 2]) await new Promise((resolve) => setImmediate(resolve));
    return [...this.#live.values()];
  }

  [Symbol.dispose](): void {
    this.#hook.disable();
  }
}

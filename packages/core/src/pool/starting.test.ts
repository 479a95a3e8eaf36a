import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { deferred } from '../base/deferred.js';
import { TimerWatch } from '../base/timer-watch.fixture.js';
import { AgentPool } from './agent-pool.js';
import { ticketOf } from '../call/ticket.fixture.js';
import { manual } from './manual-isolation.fixture.js';
import { PoolHarness, inProcess, unclosable } from './pool-harness.js';
import { outcomeOf } from '../call/session-outcome.js';

let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

const broken = () => {
  throw new Error('broken');
};

describe('starting', () => {
  test('a second run() returns the first one', async () => {
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

  test('a strategy may use all of its host while it is opened', async () => {
    const used: unknown[] = [];
    const { strategy } = manual();
    const { running } = await rig.registered({
      isolation: {
        name: 'eager',
        async open(host, signal) {
          host.logger.info({}, 'opening');
          await host.prewarm(signal);
          used.push(host.maxConcurrentSessions, host.source.pool >= 0);
          used.push(await host.inference.load(signal));
          // Events of unknown calls, as a process left over from another worker may send them.
          await host.report({ kind: 'joined', jobId: 'AJ_gone' });
          await host.report({
            kind: 'ending',
            jobId: 'AJ_gone',
            outcome: outcomeOf('caller_left'),
          });
          const ticket = ticketOf({ agent: 'nobody' });
          used.push(await host.runSession(ticket, signal).catch((error: unknown) => error));
          return strategy.open(host, signal);
        },
      },
    });
    expect(used).toEqual([
      50,
      true,
      false,
      expect.objectContaining({ code: 'CONFIG_UNKNOWN_AGENT' }),
    ]);
    expect(rig.livekit.workers).toHaveLength(1);
    expect(rig.log.matching('error', /./)).toEqual([]);
    void running;
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

  test('a start that is drained ends without an error', async () => {
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

  test('the error of a start is the one that counts, and one of closing is in the log', async () => {
    const stuck = new Error('cannot close');
    const { url, apiKey } = rig.livekit;
    const { running } = rig.start({
      isolation: unclosable(stuck),
      livekit: { url, apiKey, apiSecret: 'wrong-secret-of-thirty-two-chars!!' },
    });
    await expect(running).rejects.toMatchObject({ code: 'LINK_UNAUTHORIZED' });
    expect(rig.log.lines).toContainEqual(
      expect.objectContaining({ level: 'error', fields: { error: stuck } }),
    );
  });

  test('a start that is called off says in the log what could not be closed', async () => {
    const stuck = new Error('cannot close');
    const { url: _url, ...keys } = rig.options().livekit ?? {};
    const { pool, running } = rig.start({
      isolation: unclosable(stuck),
      livekit: { ...keys, url: 'ws://127.0.0.1:9' },
    });
    await rig.log.until('could not be reached');
    await pool.close();
    await running;
    expect(rig.log.lines).toContainEqual(
      expect.objectContaining({ level: 'error', fields: { error: stuck } }),
    );
  });

  test('a start that fails while it is called off says why in the log', async () => {
    const late = new Error('gave up');
    const opening = deferred();
    const { pool, running } = rig.start({
      isolation: {
        name: 'late',
        open: (_host, signal) => {
          opening.resolve();
          return new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(late));
          });
        },
      },
    });
    await opening.promise;
    await pool.close();
    await running;
    expect(rig.log.lines).toContainEqual({
      level: 'info',
      fields: { error: late },
      message: 'stopped before the worker had started',
    });
  });

  test('a start can be cancelled while LiveKit cannot be reached', async () => {
    const { url, ...keys } = rig.options().livekit ?? {};
    expect(url).toBeDefined();
    const { pool, running } = rig.start({ livekit: { ...keys, url: 'ws://127.0.0.1:9' } });
    await rig.log.until('could not be reached');
    await pool.close();
    await running;
  });

  test('with a signal that is already aborted, nothing starts', async () => {
    const { running } = rig.start({}, { signal: AbortSignal.abort() });
    await running;
    expect(rig.livekit.workers).toEqual([]);
  });

  test('draining or closing a pool that never ran opens nothing, and closes it', async () => {
    const pool = new AgentPool(rig.options());
    await pool.drain();
    await pool.close();
    expect(pool.runtimeSnapshot()).toMatchObject({
      state: 'closed',
      uptimeMs: 0,
      livekit: { state: 'none' },
    });
  });
});

describe('what is left after a run', () => {
  const events = [
    'SIGTERM',
    'SIGINT',
    'SIGHUP',
    'SIGQUIT',
    'uncaughtException',
    'unhandledRejection',
  ] as const;
  const listeners = () => events.map((event) => process.listenerCount(event));

  test('no process listener, whether it ran or failed to start', async () => {
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

  test('no timer', async () => {
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

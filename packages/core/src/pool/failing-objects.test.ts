import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { Logger } from '../base/logger.js';
import type { OtelMeter } from '../operate/otel-metrics.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import type { RunOptions } from '../options/run-options.js';
import { withoutListeners } from '../worker/process-listeners.fixture.js';
import { PoolHarness, inProcess } from './pool-harness.js';

let rig: PoolHarness;
let withListeners: () => void;
let failing: boolean;
let collect: () => void = () => {};

beforeEach(async () => {
  failing = false;
  rig = await PoolHarness.start();
  withListeners = withoutListeners();
});

afterEach(async () => {
  failing = false;
  await rig.close();
  withListeners();
});

/** What the user's objects do: nothing at first, then they fail. */
const breaks = () => {
  if (failing) throw new Error('an object of the user failed');
};
const rejects = async () => breaks();
const hostile = () => {
  const thrown: unknown = undefined;
  if (failing) throw thrown;
};

/** Writes to the log of the test, after `act`. */
function logger(act: () => unknown): Logger {
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') => (fields: object, message: string) => {
      const answer = act();
      rig.log[level](fields, message);
      return answer as undefined;
    };
  const made: Logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => {
      if (act !== rejects) act();
      return made;
    },
  };
  return made;
}

const meter: OtelMeter = {
  createObservableGauge: () => ({}),
  createObservableCounter: () => ({}),
  createHistogram: () => ({ record: breaks }),
  addBatchObservableCallback: (callback) => {
    // As a meter that does not look at what the callback returns.
    collect = () => void callback({ observe: hostile });
  },
  removeBatchObservableCallback: () => {},
};

const strategy = inProcess();

test.each<[string, AgentPoolOptions, RunOptions]>([
  ['logger, which throws', { logger: logger(breaks) }, {}],
  ['logger, which throws undefined', { logger: logger(hostile) }, {}],
  ['logger, which rejects', { logger: logger(rejects) }, {}],
  [
    'observer, which throws',
    { observers: [{ onSessionStart: breaks, onSessionEnd: breaks, onTurn: breaks }] },
    {},
  ],
  [
    'observer, which rejects',
    { observers: [{ onSessionStart: rejects, onSessionEnd: rejects, onTurn: rejects }] },
    {},
  ],
  ['meter of OpenTelemetry', {}, { meter }],
  [
    'isolation strategy, beside its calls',
    {
      isolation: {
        name: 'failing',
        open: async (...args) => ({
          ...(await strategy.open(...args)),
          reserve: () => ({ release: breaks }),
          processes: async () => {
            breaks();
            return [];
          },
          processCounts: () => {
            breaks();
            return { started: 0, lost: 0, ready: 0, starting: 0, closing: 0 } as never;
          },
          idleMemoryBytes: () => {
            breaks();
            return 0;
          },
        }),
      },
    },
    {},
  ],
])(
  'what the user gives may fail, and ends no call and no worker: %s',
  async (_what, options, run) => {
    const { pool, running } = await rig.registered(
      { ...options, observers: [...(options.observers ?? []), rig.ends] },
      { processHandlers: true, ...run },
    );
    const live = await rig.livekit.call();
    await live.say('hello');
    failing = true;
    collect();
    const next = await rig.livekit.call();
    expect(await next.say('hello')).toBe('You said: hello');
    next.hangUp();
    expect(await rig.ends.of(next.jobId)).toMatchObject({ status: 'success' });
    expect(await live.say('still there?')).toBe('You said: still there?');
    expect((await pool.inspect()).state).toBe('running');
    live.hangUp();
    expect(await live.ended).toEqual({ status: 'success', error: '' });
    await vi.waitFor(() => expect(pool.runtimeSnapshot().activeSessions).toBe(0));
    await pool.drain();
    await expect(running).resolves.toBeUndefined();
  },
);

test('a router that throws or rejects late refuses its call only', async () => {
  const { pool } = await rig.registered(
    {
      router: ({ room }) => {
        if (room === 'throws') throw new Error('no route');
        return room === 'late'
          ? new Promise((_resolve, reject) => void setTimeout(reject, 20, new Error('late')))
          : null;
      },
      routerTimeoutMs: 10,
    },
    { processHandlers: true },
  );
  for (const room of ['throws', 'late']) await expect(rig.livekit.call({ room })).rejects.toThrow();
  const call = await rig.livekit.call({ room: 'fine' });
  expect(await call.say('hello')).toBe('You said: hello');
  expect(pool.runtimeSnapshot().state).toBe('running');
});

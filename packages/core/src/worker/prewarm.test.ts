import { JobProcess, getJobContext, initializeLogger } from '@livekit/agents';
import { afterEach, beforeAll, beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest';

import { deferred } from '../base/deferred.js';
import { LogBook } from '../base/log-book.js';
import type { PrewarmedCall } from '../call/call.js';
import { AgentPool } from '../pool/agent-pool.js';
import type { serveTickets } from '../pool/pool-functions.js';
import { EchoAgent, PoolHarness } from '../pool/pool-harness.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import { runPrewarm } from './prewarm.js';

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));

const never = new AbortController().signal;

describe('loaders by name', () => {
  test('run at the same time, and their results are in userData under their names', async () => {
    const menu = deferred<string[]>();
    const prices = deferred<number>();
    const proc = new JobProcess();
    const loading = runPrewarm(
      {
        // Each waits for the other, so one after the other would never end.
        menu: () => (prices.resolve(7), menu.promise),
        prices: () => (menu.resolve(['soup']), prices.promise),
        open: () => true,
      },
      proc,
      never,
      new LogBook(),
    );
    await loading;
    expect(proc.userData).toEqual({ menu: ['soup'], prices: 7, open: true });
  });

  test('one that fails is named with its cause, and the signal of the others aborts', async () => {
    const cause = new Error('no such file');
    const proc = new JobProcess();
    let told: unknown;
    const loading = runPrewarm(
      {
        slow: (signal) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              told = signal.reason;
              reject(new Error('stopped'));
            });
          }),
        menu: async () => {
          throw cause;
        },
      },
      proc,
      never,
      new LogBook(),
    );
    await expect(loading).rejects.toMatchObject({
      code: 'PREWARM_FAILED',
      message: 'prewarm.menu failed: no such file',
      cause,
    });
    expect(told).toMatchObject({ message: 'prewarm.menu failed: no such file' });
    expect(proc.userData).toEqual({});
  });

  test('a cancelled start does not wait for them', async () => {
    const stop = new AbortController();
    let told = false;
    const loading = runPrewarm(
      {
        menu: (signal) => {
          signal.addEventListener('abort', () => (told = true));
          stop.abort(new Error('called off'));
          return new Promise(() => {});
        },
      },
      new JobProcess(),
      stop.signal,
      new LogBook(),
    );
    await expect(loading).rejects.toThrow('called off');
    expect(told).toBe(true);
  });

  test('one that hangs fails the start with its name, and its later failure is logged', async () => {
    vi.useFakeTimers();
    try {
      const log = new LogBook();
      const loading = runPrewarm(
        {
          menu: (signal) =>
            new Promise((_resolve, reject) => {
              signal.addEventListener('abort', () => reject(new Error('gave up')));
            }),
        },
        new JobProcess(),
        never,
        log,
      );
      const failed = expect(loading).rejects.toMatchObject({
        code: 'PREWARM_FAILED',
        message: 'prewarm.menu was not done within 60000 ms.',
      });
      await vi.runAllTimersAsync();
      await failed;
      expect(log.matching('debug', /prewarm\.menu failed after it was cancelled/)).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });
});

test('prewarm that is neither a function nor an object of loaders is refused', () => {
  for (const [prewarm, message] of [
    ['later', 'prewarm must be a function, or an object of loaders'],
    [null, 'got null'],
    [[() => 1], 'got an array'],
    [Promise.resolve({}), 'got a promise'],
    [{ menu: ['soup'] }, 'prewarm.menu must be a function that loads it, got an array'],
    [{ menu: undefined }, 'prewarm.menu must be a function that loads it, got undefined'],
  ] as const) {
    const options = { prewarm } as unknown as AgentPoolOptions;
    expect(() => new AgentPool(options)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID_OPTION',
        message: expect.stringContaining(message),
      }),
    );
  }
});

describe('in a pool', () => {
  let rig: PoolHarness;
  beforeEach(async () => {
    rig = await PoolHarness.start();
  });
  afterEach(() => rig.close());

  test('factories and setup() get the loaded values, which are loaded once', async () => {
    let loads = 0;
    const seen: unknown[] = [];
    await rig.registered({
      prewarm: { menu: async () => ({ soup: (loads += 1) }) },
      agents: {
        echo: ({ prewarmed }) => {
          seen.push(prewarmed['menu']);
          return new EchoAgent();
        },
      },
      setup: (ctx, _session, call) => {
        seen.push(call.prewarmed['menu'], ctx.proc.userData['menu']);
        seen.push(getJobContext().proc.userData['menu']);
      },
    });
    for (const call of [await rig.livekit.call(), await rig.livekit.call()]) await call.say('hi');
    expect(loads).toBe(1);
    expect(seen).toHaveLength(8);
    expect(new Set(seen).size).toBe(1);
  });

  test('values that the function form sets on userData are there too', async () => {
    const seen: unknown[] = [];
    await rig.registered({
      prewarm: (proc) => void (proc.userData['menu'] = 'soup'),
      setup: (_ctx, _session, call) => void seen.push(call.prewarmed['menu']),
    });
    await (await rig.livekit.call()).say('hi');
    expect(seen).toEqual(['soup']);
  });

  test('observers get the facts about a call without the loaded values', async () => {
    await rig.registered({ prewarm: { menu: () => 'soup' } });
    await (await rig.livekit.call()).say('hi');
    expect(rig.ends.started[0]).not.toHaveProperty('prewarmed');
  });

  test('a loader that fails stops the start before anything registers', async () => {
    const { running } = rig.start({
      prewarm: { menu: () => Promise.reject(new Error('no menu')) },
    });
    await expect(running).rejects.toMatchObject({
      code: 'PREWARM_FAILED',
      message: 'prewarm.menu failed: no menu',
      cause: { message: 'no menu' },
    });
    expect(rig.livekit.workers).toEqual([]);
  });

  test('a drain during a loader that hangs ends the run', async () => {
    const began = deferred();
    const { pool, running } = rig.start({
      prewarm: {
        menu: () => {
          began.resolve();
          return new Promise(() => {});
        },
      },
    });
    await began.promise;
    await pool.drain();
    await running;
    expect(rig.livekit.workers).toEqual([]);
  });
});

// Checked by the types alone, in `npm run check`; it does not need to run.
test('the types of the loaded values reach agents and setup()', () => {
  interface Menu {
    readonly dishes: readonly string[];
  }
  const loadMenu = async (_signal?: AbortSignal): Promise<Menu> => ({ dishes: [] });
  const pool = new AgentPool({
    prewarm: {
      menu: () => loadMenu(),
      fresh: (signal) => loadMenu(signal),
      seats: () => 12,
    },
    agents: {
      listed: ({ prewarmed }) => {
        expectTypeOf(prewarmed).toEqualTypeOf<{ menu: Menu; fresh: Menu; seats: number }>();
        return new EchoAgent();
      },
    },
    setup: (_ctx, _session, { prewarmed }) => {
      expectTypeOf(prewarmed.menu).toEqualTypeOf<Menu>();
    },
  });
  pool.add('added', ({ prewarmed, tenant }) => new EchoAgent(prewarmed.menu.dishes[0] ?? tenant));
  pool.add('a-class', EchoAgent);
  // A factory in another file.
  const elsewhere = ({ prewarmed }: PrewarmedCall<{ menu: Menu }>) =>
    new EchoAgent(prewarmed.menu.dishes[0]);
  pool.add('elsewhere', elsewhere);
  // @ts-expect-error no loader has that name
  pool.add('typo', ({ prewarmed }) => new EchoAgent(prewarmed.meny));

  const named = new AgentPool<{ menu: Menu }>({
    prewarm: async (proc) => void (proc.userData['menu'] = await loadMenu()),
  });
  named.add('named', elsewhere);

  const untyped = new AgentPool({ prewarm: (proc) => void (proc.userData['menu'] = 1) });
  untyped.add('untyped', ({ prewarmed }) => new EchoAgent(String(prewarmed['menu'])));
  // @ts-expect-error the types do not say what the function loads
  untyped.add('elsewhere', elsewhere);

  // Code that only runs a pool does not need to know what it loads.
  expectTypeOf(pool).toExtend<Parameters<typeof serveTickets>[0]>();
});

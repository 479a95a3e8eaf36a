import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { MemoryReading } from '../admit/cgroup-memory.js';
import type { ModelMemory } from '../call/model-memory.js';
import type { SharedModels } from '../session/shared-models.js';
import { inProcess, PoolHarness } from './pool-harness.js';

const MIB = 1_048_576;
const memory = vi.hoisted(() => ({ limitMb: 256, usedMb: 100 }));

vi.mock('../admit/memory-meter.js', () => ({
  MemoryMeter: class {
    readonly #own = () => ({
      residentBytes: memory.usedMb * 1_048_576,
      privateBytes: memory.usedMb * 1_048_576,
    });
    own = this.#own;
    read(): MemoryReading {
      return {
        limitBytes: memory.limitMb * 1_048_576,
        usedBytes: memory.usedMb * 1_048_576,
        source: 'cgroup',
      };
    }
  },
}));

let rig: PoolHarness;

beforeEach(async () => {
  Object.assign(memory, { limitMb: 256, usedMb: 100 });
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

/** What the worker has logged about its memory before it registered. */
const fits = () => rig.log.lines.find(({ message }) => message.startsWith('memory: '))?.fields;

test('a worker takes as many calls as fit, reports itself full, and refuses what it is offered all the same', async () => {
  memory.usedMb = 180;
  const { pool } = await rig.registered();
  expect(rig.log.has('memory: about 2 calls fit')).toBe(true);
  const first = await rig.livekit.call();
  await first.say('hello');
  // Offered in one tick, before the worker can report itself full.
  const jobIds = ['a', 'b', 'c'].map((room) => rig.livekit.dispatch({ room }));
  await rig.livekit.until(
    ({ jobs }) =>
      jobs.filter(({ jobId, error }) => jobIds.includes(jobId) && error.startsWith('all refused'))
        .length === 2,
  );
  await rig.livekit.until(({ workers }) => workers[0]?.status === 'full');
  const snapshot = pool.runtimeSnapshot();
  expect(snapshot).toMatchObject({
    refused: { busy: 2 },
    notReady: ['busy'],
    totalSessionFailures: 0,
    memory: { limitBytes: 256 * MIB, usedBytes: 180 * MIB, source: 'cgroup', furtherCalls: 0 },
  });
  expect(snapshot.activeSessions + snapshot.reservedSessions).toBe(2);
  await expect(rig.livekit.call()).rejects.toThrow('no workers with sufficient capacity');
  expect(await first.say('still there?')).toBe('You said: still there?');
  memory.usedMb = 120;
  await rig.livekit.until(({ workers }) => workers[0]?.status === 'available');
  expect(await (await rig.livekit.call()).say('hello')).toBe('You said: hello');
});

test('the metrics have the limit, the use, and what a call takes', async () => {
  const { pool } = await rig.registered({ health: { port: 0 } });
  const { port } = pool.runtimeSnapshot().health ?? {};
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(text).toContain(`openrtc_memory_limit_bytes ${256 * MIB}`);
  expect(text).toContain(`openrtc_memory_used_bytes ${100 * MIB}`);
  expect(text).toContain(`openrtc_memory_call_bytes ${10 * MIB}`);
});

test('what a call takes before one was measured is what the strategy says', async () => {
  await rig.registered({ isolation: { ...inProcess(), callMemoryMb: 80 } });
  expect(fits()).toMatchObject({ callMb: 80, furtherCalls: 1 });
});

test.each([
  ['memory of processes that wait is used by the next calls', () => 60 * MIB, 10],
  ['a strategy that cannot tell has none', () => Number.NaN, 4],
  [
    'a strategy that throws has none',
    () => {
      throw new Error('broken');
    },
    4,
  ],
])('%s', async (_name, idleMemoryBytes, furtherCalls) => {
  memory.usedMb = 160;
  const inner = inProcess();
  await rig.registered({
    isolation: {
      name: inner.name,
      open: async (host, signal) => ({ ...(await inner.open(host, signal)), idleMemoryBytes }),
    },
  });
  expect(fits()).toMatchObject({ furtherCalls });
});

test('a strategy learns what is free for its processes', async () => {
  const inner = inProcess();
  const free: unknown[] = [];
  await rig.registered({
    isolation: {
      name: inner.name,
      open: (host, signal) => {
        free.push(host.freeMemoryBytes?.());
        return inner.open(host, signal);
      },
    },
  });
  expect(free).toEqual([expect.closeTo((256 * 0.9 - 100) * MIB)]);
});

/** Models that are loaded with their memory in view. */
function modelsWith(load: SharedModels['load']): SharedModels {
  return {
    load,
    turnDetector: false,
    executor: { doInference: () => Promise.reject(new Error('none')) },
    async [Symbol.asyncDispose]() {},
  };
}

test.each([
  ['agents that may use it', undefined, 4],
  ['no agent that may use it', 'vad' as const, 10],
])('memory is kept free for a model on demand: %s', async (_name, turnDetection, furtherCalls) => {
  let reserved: boolean | undefined;
  await rig.registered({
    models: modelsWith(async (_signal, room?: ModelMemory) => {
      reserved = room?.reserve({ name: 'a model', bytes: 60 * MIB, without: 'None.' });
    }),
    ...(turnDetection === undefined
      ? {}
      : { defaults: { session: { turnHandling: { turnDetection } } } }),
  });
  expect(reserved).toBe(true);
  expect(fits()).toMatchObject({ furtherCalls });
});

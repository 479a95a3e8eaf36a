import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { MemoryGuard } from './memory-guard.js';

const MIB = 1_048_576;

/** A worker whose memory and calls the test sets. Its memory is what counts against the limit. */
class FakeWorker {
  limitMb: number | undefined;
  usedMb = 100;
  idleMb = 0;
  all = 0;
  settled: number | undefined;
  needsModels = true;
  readonly log = new LogBook();
  readonly changes: (string | undefined)[] = [];
  readonly guard = new MemoryGuard({
    meter: {
      read: () =>
        this.limitMb === undefined
          ? undefined
          : {
              limitBytes: this.limitMb * MIB,
              usedBytes: this.usedMb * MIB,
              source: 'cgroup' as const,
            },
      own: () => ({ residentBytes: this.usedMb * MIB, privateBytes: this.usedMb * MIB }),
    },
    calls: () => ({ all: this.all, settled: this.settled ?? this.all }),
    idleBytes: () => this.idleMb * MIB,
    needsModels: () => this.needsModels,
    onChange: (why) => this.changes.push(why),
    logger: this.log,
  });

  constructor(limitMb?: number) {
    this.limitMb = limitMb;
  }

  /** Offers calls until one is refused, at most 100; returns how many were taken. Their memory is not there yet. */
  fill(): number {
    this.settled = 0;
    let taken = 0;
    while (taken < 100 && this.guard.gate() === undefined) {
      this.all += 1;
      taken += 1;
      this.guard.check();
    }
    return taken;
  }
}

const detector = { name: 'the turn detector', bytes: 260 * MIB, without: 'Turns end by VAD.' };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a burst of offers takes as many calls as fit', () => {
  // 24 MiB for the first call, 10 for each; a tenth of the limit is kept free, at least 24 MiB and at most 256.
  test.each<[string, Partial<FakeWorker>, number]>([
    ['no limit', {}, 100],
    ['128 MiB, with 100 used', { limitMb: 128 }, 0],
    ['192 MiB', { limitMb: 192 }, 4],
    ['256 MiB', { limitMb: 256 }, 10],
    ['512 MiB', { limitMb: 512 }, 33],
    ['256 MiB, of which others have used 60', { limitMb: 256, usedMb: 160 }, 4],
    ['a large limit keeps 256 MiB free', { limitMb: 4_096, usedMb: 3_700 }, 11],
    ['processes that wait are used by the calls', { limitMb: 256, usedMb: 160, idleMb: 60 }, 10],
  ])('%s', (_name, facts, calls) => {
    const worker = Object.assign(new FakeWorker(), facts);
    worker.guard.start();
    expect(worker.fill()).toBe(calls);
  });
});

test('what fits is logged at the start', () => {
  const { guard, log } = new FakeWorker(256);
  guard.start();
  expect(log.lines).toEqual([
    {
      level: 'info',
      message: 'memory: about 10 calls fit',
      fields: { limitMb: 256, usedMb: 100, limitedBy: 'cgroup', callMb: 10, furtherCalls: 10 },
    },
  ]);
});

test('without a limit nothing is logged or known', () => {
  const { guard, log } = new FakeWorker();
  guard.start();
  expect(log.lines).toEqual([]);
  expect(guard.state()).toBeUndefined();
  expect(guard.freeBytes()).toBeUndefined();
});

test('a worker in which no call fits says so, and is closed from the start', () => {
  const { guard, log, changes } = new FakeWorker(128);
  guard.start();
  expect(log.matching('error', /no call fits/)).toHaveLength(1);
  expect(changes).toEqual([expect.stringContaining('100 of 128 MiB')]);
});

test('a refusal names the memory, and the worker reports itself full before it', () => {
  const worker = new FakeWorker(256);
  worker.guard.start();
  worker.fill();
  expect(worker.changes).toHaveLength(1);
  expect(worker.guard.gate()).toEqual({
    refused: 'busy',
    message:
      'one more call does not fit into the memory: 100 of 256 MiB are used with 10 calls, and a call takes about 10 MiB',
  });
  expect(worker.log.matching('warn', /one more call does not fit/)).toHaveLength(1);
});

test('memory that somebody takes suddenly closes it, by the periodic check', () => {
  const worker = new FakeWorker(256);
  worker.guard.start();
  worker.usedMb = 230;
  vi.advanceTimersByTime(1_000);
  expect(worker.changes).toHaveLength(1);
});

test('it opens when there has been room for more than a call, three checks in a row', () => {
  const worker = new FakeWorker(256);
  worker.usedMb = 103;
  worker.guard.start();
  worker.fill();
  const closed = worker.changes.length;
  // Room for exactly one more.
  worker.all -= 1;
  vi.advanceTimersByTime(10_000);
  expect(worker.changes).toHaveLength(closed);
  worker.all -= 2;
  vi.advanceTimersByTime(2_000);
  expect(worker.changes).toHaveLength(closed);
  worker.all += 2;
  vi.advanceTimersByTime(1_000);
  worker.all -= 2;
  vi.advanceTimersByTime(2_000);
  expect(worker.changes).toHaveLength(closed);
  vi.advanceTimersByTime(1_000);
  expect(worker.changes.slice(closed)).toEqual([undefined]);
  expect(worker.log.has('calls fit again')).toBe(true);
});

test('a limit that is lifted opens it at once', () => {
  const worker = new FakeWorker(128);
  worker.guard.start();
  worker.limitMb = undefined;
  vi.advanceTimersByTime(1_000);
  expect(worker.changes.at(-1)).toBeUndefined();
});

test('calls that take more than assumed are measured, and fewer fit', () => {
  const worker = new FakeWorker(512);
  worker.guard.start();
  for (let calls = 1; calls <= 4; calls += 1) {
    worker.all = calls;
    worker.usedMb = 124 + calls * 50;
    vi.advanceTimersByTime(1_000);
  }
  // (512 - 51 - 324) / 42
  expect(worker.guard.state()).toMatchObject({ callBytes: 42 * MIB, furtherCalls: 3 });
  expect(worker.fill()).toBe(3);
});

test('calls that take less than assumed are measured, and more fit', () => {
  const worker = new FakeWorker(256);
  worker.guard.start();
  worker.all = 10;
  worker.usedMb = 100 + 24 + 10 * 3;
  vi.advanceTimersByTime(1_000);
  expect(worker.guard.state()?.furtherCalls).toBe(8);
});

test('nothing is learned while many calls have just begun', () => {
  const worker = new FakeWorker(256);
  worker.guard.start();
  worker.all = 8;
  worker.settled = 4;
  worker.usedMb = 100 + 24 + 4 * 3;
  vi.advanceTimersByTime(1_000);
  expect(worker.guard.state()?.callBytes).toBe(10 * MIB);
});

test('memory that ended calls have left is used again', () => {
  const worker = new FakeWorker(256);
  worker.guard.start();
  worker.all = 10;
  worker.usedMb = 224;
  vi.advanceTimersByTime(1_000);
  worker.all = 0;
  worker.usedMb = 205;
  vi.advanceTimersByTime(5_000);
  expect(worker.fill()).toBeGreaterThan(7);
});

describe('a model', () => {
  test.each([
    ['256 MiB', 256, false],
    ['384 MiB', 384, false],
    ['512 MiB', 512, true],
    ['no limit', undefined, true],
  ])('is loaded where it fits beside four calls: %s', async (_name, limitMb, fits) => {
    const { guard, log } = new FakeWorker(limitMb);
    const load = vi.fn(async () => {});
    expect(guard.reserve(detector)).toBe(fits);
    expect(await guard.load(detector, load)).toBe(fits);
    expect(load).toHaveBeenCalledTimes(fits ? 1 : 0);
    expect(log.has('the turn detector is not loaded')).toBe(!fits);
  });

  test('that is not loaded is one line with the numbers, and what happens instead', () => {
    const { guard, log } = new FakeWorker(256);
    guard.reserve(detector);
    expect(log.lines).toEqual([
      {
        level: 'warn',
        message:
          'memory: the turn detector is not loaded. It takes about 260 MiB, and beside the calls 66 of 256 MiB are free. Turns end by VAD.',
        fields: {
          limitMb: 256,
          usedMb: 100,
          limitedBy: 'cgroup',
          callMb: 10,
          needsMb: 260,
          freeMb: 66,
        },
      },
    ]);
  });

  test('that will be loaded on demand has its memory kept free', () => {
    const worker = new FakeWorker(512);
    worker.guard.reserve(detector);
    worker.guard.start();
    expect(worker.log.lines[0]?.fields).toMatchObject({ modelsOnDemandMb: 260, furtherCalls: 7 });
    expect(worker.fill()).toBe(7);
  });

  test('that no agent needs does not', () => {
    const worker = new FakeWorker(512);
    worker.guard.reserve(detector);
    worker.needsModels = false;
    worker.guard.start();
    expect(worker.fill()).toBe(33);
  });

  test('that is loaded during a call is not taken for the memory of calls', async () => {
    const worker = new FakeWorker(1_024);
    worker.guard.reserve(detector);
    worker.guard.start();
    worker.all = 1;
    worker.usedMb = 134;
    vi.advanceTimersByTime(1_000);
    await worker.guard.load(detector, async () => void (worker.usedMb += 230));
    vi.advanceTimersByTime(1_000);
    expect(worker.guard.state()?.callBytes).toBe(10 * MIB);
  });

  test('that no longer fits when it is needed is not loaded', async () => {
    const worker = new FakeWorker(512);
    worker.guard.reserve(detector);
    worker.guard.start();
    worker.all = 2;
    worker.usedMb = 300;
    expect(await worker.guard.load(detector, () => expect.unreachable())).toBe(false);
  });
});

test('something besides calls may take what is above the reserve', () => {
  expect(new FakeWorker(256).guard.freeBytes()).toBeCloseTo((256 * 0.9 - 100) * MIB, 0);
  expect(new FakeWorker(110).guard.freeBytes()).toBe(0);
});

test('after it was disposed of it checks no more', () => {
  const worker = new FakeWorker(256);
  worker.guard.start();
  worker.guard[Symbol.dispose]();
  worker.usedMb = 250;
  vi.advanceTimersByTime(10_000);
  expect(worker.changes).toEqual([]);
});

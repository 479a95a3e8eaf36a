import { beforeEach, describe, expect, test, vi } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { LagGuard } from './lag-guard.js';
import { meters } from './loop-meter.fixture.js';
import type { LoopReading } from './loop-meter.js';

vi.mock('./loop-meter.js', () => import('./loop-meter.fixture.js'));

// Two seconds of a loop that is full of its own work, and of one that waits for others to leave it a core.
const own = (lagMs: number): LoopReading => ({ lagMs, busyMs: 1_900, threadMs: 1_500, share: 0.7 });
const others = (lagMs: number): LoopReading => ({
  lagMs,
  busyMs: 1_200,
  threadMs: 200,
  share: 0.1,
});

let log: LogBook;
let said: (string | undefined)[];
let guard: LagGuard;

function read(...readings: LoopReading[]): void {
  for (const reading of readings) for (const onReading of meters) onReading(reading);
}

const overload = () => read(own(180), own(180), own(180));

function guardOf(maxLagMs = 100): LagGuard {
  return new LagGuard({ maxLagMs, onChange: (why) => said.push(why), logger: log });
}

beforeEach(() => {
  meters.clear();
  log = new LogBook();
  said = [];
  guard = guardOf();
});

test('it measures while there are calls, and only then', () => {
  expect(meters.size).toBe(0);
  guard.enter();
  guard.enter();
  expect(meters.size).toBe(1);
  guard.leave();
  expect(meters.size).toBe(1);
  guard.leave();
  expect(meters.size).toBe(0);
});

test('without a limit nothing is measured', () => {
  const free = guardOf(Number.POSITIVE_INFINITY);
  free.enter();
  expect(meters.size).toBe(0);
  free.leave();
  expect(said).toEqual([]);
});

describe('with calls', () => {
  beforeEach(() => guard.enter());

  test('what was measured last can be asked for, until the last call is over', () => {
    expect(guard.lagMs).toBeUndefined();
    read(own(33));
    expect(guard.lagMs).toBe(33);
    guard.leave();
    expect(guard.lagMs).toBeUndefined();
  });

  test('lag that lasts closes the process to more calls, and says why', () => {
    read(own(180), own(180));
    expect(said).toEqual([]);
    read(own(170.4));
    expect(said).toEqual([
      'the event loop is 170 ms late with the calls there are (maxEventLoopLagMs: 100)',
    ]);
    read(own(300), own(300));
    expect(said).toHaveLength(1);
    expect(log.lines.map(({ level }) => level)).toEqual(['warn']);
  });

  test('what is late for a moment does not', () => {
    read(own(500), own(500), own(60), own(500), own(500), own(100));
    expect(said).toEqual([]);
  });

  test('it opens again when the loop has been well under the limit for a while, not before', () => {
    overload();
    // Between the two: neither late nor calm.
    read(own(70), own(70), own(70), own(70), own(90));
    read(own(70), own(70), own(70), own(70));
    expect(said).toHaveLength(1);
    read(own(75));
    expect(said).toEqual([expect.any(String), undefined]);
    expect(log.matching('info', /recovered/)).toHaveLength(1);
    // And closes again as it did the first time.
    read(own(180), own(180));
    expect(said).toHaveLength(2);
    read(own(180));
    expect(said).toHaveLength(3);
  });

  test('it opens when its last call is over', () => {
    overload();
    guard.leave();
    expect(said).toEqual([expect.any(String), undefined]);
    guard.enter();
    read(own(180), own(180));
    expect(said).toHaveLength(2);
  });

  test("other processes' load is said once, and closes nothing", () => {
    read(...Array.from({ length: 9 }, (_, at) => (at === 4 ? own(20) : others(400))));
    expect(said).toEqual([]);
    expect(log.matching('warn', /other processes of this machine/)).toHaveLength(1);
  });

  test('a loop that is late through its own work is closed, whatever it has of the machine', () => {
    // One thread of a machine with many cores.
    read(...Array.from({ length: 3 }, () => ({ ...own(180), share: 0.02 })));
    expect(said).toHaveLength(1);
  });

  test("a loop that waits for its own process's threads is closed", () => {
    read(...Array.from({ length: 3 }, () => ({ ...others(180), share: 0.5 })));
    expect(said).toHaveLength(1);
  });

  test('once closed, it does not stay so for what others do', () => {
    overload();
    read(...Array.from({ length: 5 }, () => others(400)));
    expect(said).toEqual([expect.any(String), undefined]);
  });
});

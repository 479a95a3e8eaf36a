import { beforeEach, describe, expect, test, vi } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { LagGuard } from './lag-guard.js';
import { meters } from './loop-meter.fixture.js';
import type { LoopReading } from './loop-meter.js';

vi.mock('./loop-meter.js', () => import('./loop-meter.fixture.js'));

// Two seconds of a loop that is busy with its own work, and of a loop that waits for a core.
const own = (lagMs: number): LoopReading => ({ lagMs, busyMs: 1_900, threadMs: 1_500, share: 0.7 });
const others = (lagMs: number): LoopReading => ({
  lagMs,
  busyMs: 1_200,
  threadMs: 200,
  share: 0.1,
});

let log: LogBook;
let changes: (string | undefined)[];
let guard: LagGuard;

function read(...readings: LoopReading[]): void {
  for (const reading of readings) for (const onReading of meters) onReading(reading);
}

const overload = () => read(own(180), own(180), own(180));

function guardOf(maxLagMs = 100): LagGuard {
  return new LagGuard({ maxLagMs, onChange: (why) => changes.push(why), logger: log });
}

beforeEach(() => {
  meters.clear();
  log = new LogBook();
  changes = [];
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
  expect(changes).toEqual([]);
});

describe('with calls', () => {
  beforeEach(() => guard.enter());

  test('the last measurement is available until the last call is over', () => {
    expect(guard.lagMs).toBeUndefined();
    read(own(33));
    expect(guard.lagMs).toBe(33);
    guard.leave();
    expect(guard.lagMs).toBeUndefined();
  });

  test('lasting lag closes the process to more calls, with the reason', () => {
    read(own(180), own(180));
    expect(changes).toEqual([]);
    read(own(170.4));
    expect(changes).toEqual([
      'the event loop is 170 ms late with the current calls (maxEventLoopLagMs: 100)',
    ]);
    read(own(300), own(300));
    expect(changes).toHaveLength(1);
    expect(log.lines.map(({ level }) => level)).toEqual(['warn']);
  });

  test('short lag does not', () => {
    read(own(500), own(500), own(60), own(500), own(500), own(100));
    expect(changes).toEqual([]);
  });

  test('it opens again only when the loop has been well below the limit for a while', () => {
    overload();
    // Between the two limits: neither late nor calm.
    read(own(70), own(70), own(70), own(70), own(90));
    read(own(70), own(70), own(70), own(70));
    expect(changes).toHaveLength(1);
    read(own(75));
    expect(changes).toEqual([expect.any(String), undefined]);
    expect(log.matching('info', /recovered/)).toHaveLength(1);
    // And it closes again as it did the first time.
    read(own(180), own(180));
    expect(changes).toHaveLength(2);
    read(own(180));
    expect(changes).toHaveLength(3);
  });

  test('it opens when its last call is over', () => {
    overload();
    guard.leave();
    expect(changes).toEqual([expect.any(String), undefined]);
    guard.enter();
    read(own(180), own(180));
    expect(changes).toHaveLength(2);
  });

  test("other processes' load is logged once, and closes nothing", () => {
    read(...Array.from({ length: 9 }, (_, at) => (at === 4 ? own(20) : others(400))));
    expect(changes).toEqual([]);
    expect(log.matching('warn', /other processes of this machine/)).toHaveLength(1);
  });

  test('a loop that is late because of its own work is closed, whatever its share of the machine', () => {
    // One thread of a machine with many cores.
    read(...Array.from({ length: 3 }, () => ({ ...own(180), share: 0.02 })));
    expect(changes).toHaveLength(1);
  });

  test('a loop that waits for other threads of its process is closed', () => {
    read(...Array.from({ length: 3 }, () => ({ ...others(180), share: 0.5 })));
    expect(changes).toHaveLength(1);
  });

  test('once closed, it does not stay closed because of other processes', () => {
    overload();
    read(...Array.from({ length: 5 }, () => others(400)));
    expect(changes).toEqual([expect.any(String), undefined]);
  });
});

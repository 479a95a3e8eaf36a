import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { LoopMeter, type LoopReading } from './loop-meter.js';

beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => vi.useRealTimers());

/** Something for the thread to do. */
function work(): void {
  const until = performance.now() + 20;
  while (performance.now() < until);
}

test('it reads every two seconds what the process did since the last time, until it is disposed of', () => {
  const readings: LoopReading[] = [];
  {
    using _meter = new LoopMeter((reading) => readings.push(reading));
    for (const _ of [1, 2]) {
      work();
      vi.advanceTimersByTime(2_000);
    }
    expect(readings).toHaveLength(2);
  }
  vi.advanceTimersByTime(10_000);
  expect(readings).toHaveLength(2);
  for (const { lagMs, busyMs, threadMs, share } of readings) {
    expect(lagMs).toBeGreaterThanOrEqual(0);
    for (const figure of [busyMs, threadMs, share]) expect(figure).toBeGreaterThan(0);
    expect(Number.isFinite(lagMs + busyMs + threadMs + share)).toBe(true);
  }
});

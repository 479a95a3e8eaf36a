import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { LoopMeter, type LoopReading } from './loop-meter.js';

beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => vi.useRealTimers());

/** Keeps the thread busy for 20 ms. */
function work(): void {
  const until = performance.now() + 20;
  while (performance.now() < until);
}

test('it reports every two seconds since the last reading, until it is disposed', () => {
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

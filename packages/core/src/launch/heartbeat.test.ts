import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Heartbeat } from './heartbeat.js';

let beat: Heartbeat;
let pings: number[];
let stuck: number[];

beforeEach(() => {
  vi.useFakeTimers();
  pings = [];
  stuck = [];
  beat = new Heartbeat({
    ping: (id) => void pings.push(id),
    stuckAfterMs: 3_000,
    onStuck: (ms) => void stuck.push(ms),
  });
});
afterEach(() => {
  beat.stop();
  vi.useRealTimers();
});

test('it pings once a second, and any message counts as an answer', () => {
  beat.start();
  for (let second = 0; second < 10; second += 1) {
    vi.advanceTimersByTime(1_000);
    beat.heard();
  }
  expect(pings).toHaveLength(10);
  expect(stuck).toEqual([]);
});

test('a silence that is too long is reported once', () => {
  beat.start();
  vi.advanceTimersByTime(20_000);
  expect(stuck).toEqual([4_000]);
});

test('time in which this process was stopped does not count as silence of the other end', () => {
  beat.start();
  vi.advanceTimersByTime(2_000);
  // The clock goes on while no timer fires: this process was stopped for a minute.
  const now = performance.now();
  const clock = vi.spyOn(performance, 'now').mockReturnValue(now + 60_000);
  vi.advanceTimersByTime(1_000);
  expect(stuck).toEqual([]);
  clock.mockRestore();
});

test('ask() is true for the answer to its own ping, and false after a silence or a stop', async () => {
  beat.start();
  const yes = beat.ask(2_000);
  beat.answered(pings.at(-1) ?? 0);
  await expect(yes).resolves.toBe(true);

  const no = beat.ask(2_000);
  beat.answered(999);
  await vi.advanceTimersByTimeAsync(2_000);
  await expect(no).resolves.toBe(false);

  const over = beat.ask(2_000);
  beat.stop();
  await expect(over).resolves.toBe(false);
});

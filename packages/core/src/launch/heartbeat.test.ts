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

test('it asks once a second, and is content with whatever is said', () => {
  beat.start();
  for (let second = 0; second < 10; second += 1) {
    vi.advanceTimersByTime(1_000);
    beat.heard();
  }
  expect(pings).toHaveLength(10);
  expect(stuck).toEqual([]);
});

test('it says so once when nothing is said for too long', () => {
  beat.start();
  vi.advanceTimersByTime(20_000);
  expect(stuck).toEqual([4_000]);
});

test('time in which this process was held up is not silence of the other side', () => {
  beat.start();
  vi.advanceTimersByTime(2_000);
  // The clock goes on while no timer fires: this process was stopped for a minute.
  const now = performance.now();
  const clock = vi.spyOn(performance, 'now').mockReturnValue(now + 60_000);
  vi.advanceTimersByTime(1_000);
  expect(stuck).toEqual([]);
  clock.mockRestore();
});

test('a question is answered yes by its own answer, and no by silence or an end', async () => {
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

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

test.each([
  ['all of the time', 1_000, []],
  // 4 s of silence at half speed.
  ['half of the time', 500, [3_500]],
])(
  'an end that waits for a CPU %s is judged by the time it ran',
  (_how, waitPerSecond, expected) => {
    let waited = 0;
    const starved: number[] = [];
    const watch = new Heartbeat({
      ping: () => {},
      stuckAfterMs: 3_000,
      onStuck: (ms) => void stuck.push(ms),
      cpuWaitMs: () => waited,
      onStarved: (ms) => void starved.push(ms),
    });
    watch.start();
    for (let second = 0; second < 20; second += 1) {
      waited += waitPerSecond;
      vi.advanceTimersByTime(1_000);
    }
    watch.stop();
    expect(stuck).toEqual(expected);
    expect(starved).toEqual([4_000]);
  },
);

test('ask() gives an end that waits for a CPU as much more time, and no end that is stopped', async () => {
  let waited = 0;
  const watch = new Heartbeat({
    ping: () => {},
    stuckAfterMs: 3_000,
    onStuck: () => {},
    cpuWaitMs: () => waited,
  });
  watch.start();
  let answer: boolean | undefined;
  const asked = watch.ask(2_000).then((value) => (answer = value));
  waited += 1_500;
  await vi.advanceTimersByTimeAsync(3_400);
  expect(answer).toBeUndefined();
  // It waits no more, and is silent all the same.
  await vi.advanceTimersByTimeAsync(100);
  await asked;
  expect(answer).toBe(false);
  watch.stop();
});

test('where nothing is known about CPUs, silence is silence', () => {
  const watch = new Heartbeat({
    ping: () => {},
    stuckAfterMs: 3_000,
    onStuck: (ms) => void stuck.push(ms),
    cpuWaitMs: () => undefined,
  });
  watch.start();
  vi.advanceTimersByTime(20_000);
  expect(stuck).toEqual([4_000]);
  watch.stop();
});

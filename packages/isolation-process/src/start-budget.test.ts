import { expect, test } from 'vitest';

import { StartBudget } from './start-budget.js';

function budget() {
  let now = 0;
  const starts = new StartBudget(
    () => now,
    () => 1,
  );
  return { starts, pass: (ms: number) => (now += ms) };
}
const failure = new Error('no menu');

test('each failed start delays the next one longer, up to half a minute', () => {
  const { starts } = budget();
  const waits = Array.from({ length: 10 }, () => {
    starts.failed(failure);
    return starts.waitMs;
  });
  expect(waits).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
});

test('more than five failures in a minute exhaust the budget, with the last error', () => {
  const { starts, pass } = budget();
  for (let i = 0; i < 5; i += 1) starts.failed(failure);
  expect(starts.exhausted).toBeUndefined();
  starts.failed(failure);
  expect(starts.exhausted).toBe(failure);
  pass(60_001);
  expect(starts.exhausted).toBeUndefined();
  expect(starts.waitMs).toBe(0);
});

test('a successful start resets the budget', () => {
  const { starts } = budget();
  for (let i = 0; i < 6; i += 1) starts.failed(failure);
  starts.succeeded();
  expect(starts.exhausted).toBeUndefined();
  expect(starts.waitMs).toBe(0);
});

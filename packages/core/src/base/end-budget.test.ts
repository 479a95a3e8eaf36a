import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { EndBudget } from './end-budget.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

const never = () => new Promise<never>(() => {});
const ignored = () => {};

/** The time after which a wait is over. */
async function lasts(work: Promise<unknown>): Promise<number> {
  const begun = performance.now();
  const over = work.then(() => performance.now() - begun);
  await vi.runAllTimersAsync();
  return over;
}

test('phases count from the same moment: one that takes long leaves less to the next', async () => {
  const budget = new EndBudget<'one' | 'two'>();
  budget.shorten({ one: 300, two: 400 });
  expect(await lasts(budget.wait('one', never, ignored))).toBe(300);
  expect(await lasts(budget.wait('two', never, ignored))).toBe(100);
  expect(await lasts(budget.wait('two', never, ignored))).toBe(0);
});

test('a limit can be shortened during the wait, and never extended', async () => {
  const budget = new EndBudget<'one'>();
  const waiting = budget.wait('one', never, ignored);
  await vi.advanceTimersByTimeAsync(1_000);
  budget.shorten({ one: 50 });
  budget.shorten({ one: 900 });
  expect(await lasts(waiting)).toBe(50);
  expect(await waiting).toEqual({ kind: 'timeout' });
});

test('without a limit it waits as long as it takes; results and errors are passed on', async () => {
  const budget = new EndBudget<'one'>();
  const error = new Error('no');
  expect(await budget.wait('one', () => 5, ignored)).toEqual({ kind: 'done', value: 5 });
  const failing = budget.wait('one', () => Promise.reject(error), ignored);
  expect(await failing).toEqual({ kind: 'failed', error });
  const thrown = () => {
    throw error;
  };
  expect(await budget.wait('one', thrown, ignored)).toEqual({ kind: 'failed', error });
});

test('an error that comes after the time is passed to `late`', async () => {
  const budget = new EndBudget<'one'>();
  const late = vi.fn();
  budget.shorten({ one: 10 });
  let fail: (error: unknown) => void = ignored;
  const waiting = budget.wait('one', () => new Promise((_, reject) => (fail = reject)), late);
  await vi.advanceTimersByTimeAsync(10);
  expect(await waiting).toEqual({ kind: 'timeout' });
  fail('too late');
  await vi.advanceTimersByTimeAsync(0);
  expect(late).toHaveBeenCalledWith('too late');
});

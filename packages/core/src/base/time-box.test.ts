import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { deferred } from './deferred.js';
import { timeBox } from './time-box.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('work that finishes in time gives its value, and leaves no timer', async () => {
  expect(await timeBox(10, () => 'value')).toEqual({ kind: 'done', value: 'value' });
  expect(vi.getTimerCount()).toBe(0);
});

test('work that throws or rejects has failed, and leaves no timer', async () => {
  const error = new Error('boom');
  const thrown = timeBox(10, () => {
    throw error;
  });
  expect(await thrown).toEqual({ kind: 'failed', error });
  expect(await timeBox(10, () => Promise.reject(error))).toEqual({ kind: 'failed', error });
  expect(vi.getTimerCount()).toBe(0);
});

test('work that takes too long is not awaited, and its later failure is reported', async () => {
  const work = deferred();
  const late = vi.fn<(error: unknown) => void>();
  const boxed = timeBox(10, () => work.promise, late);
  await vi.advanceTimersByTimeAsync(10);
  expect(await boxed).toEqual({ kind: 'timeout' });
  work.reject(new Error('late'));
  await vi.advanceTimersByTimeAsync(0);
  expect(late).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ message: 'late' }));
});

test('work that takes too long and then succeeds is not reported', async () => {
  const work = deferred();
  const late = vi.fn<(error: unknown) => void>();
  const boxed = timeBox(10, () => work.promise, late);
  await vi.advanceTimersByTimeAsync(10);
  await boxed;
  work.resolve();
  await vi.advanceTimersByTimeAsync(0);
  expect(late).not.toHaveBeenCalled();
});

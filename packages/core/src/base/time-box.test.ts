import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { deferred } from './deferred.js';
import { timeBox } from './time-box.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('work that is done in time is done, and leaves no timer', async () => {
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

test('work that is late is not waited for, and its failure is told', async () => {
  const work = deferred();
  const late = vi.fn<(error: unknown) => void>();
  const boxed = timeBox(10, () => work.promise, late);
  await vi.advanceTimersByTimeAsync(10);
  expect(await boxed).toEqual({ kind: 'timeout' });
  work.reject(new Error('late'));
  await vi.advanceTimersByTimeAsync(0);
  expect(late).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ message: 'late' }));
});

test('work that is late and succeeds is told to nobody', async () => {
  const work = deferred();
  const late = vi.fn<(error: unknown) => void>();
  const boxed = timeBox(10, () => work.promise, late);
  await vi.advanceTimersByTimeAsync(10);
  await boxed;
  work.resolve();
  await vi.advanceTimersByTimeAsync(0);
  expect(late).not.toHaveBeenCalled();
});

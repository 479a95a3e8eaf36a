import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { deferred } from '../base/deferred.js';
import { beforeDeadline } from './before-deadline.js';
import type { HangUp } from '../call/hang-up.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const hangUp = (): HangUp => ({ reason: 'terminated', deadline: Date.now() + 1_000 });

test('a place that is ready before the deadline is used, also after a hang-up', async () => {
  const place = deferred<string>();
  const abort = new AbortController();
  const waiting = beforeDeadline(place.promise, abort.signal);
  abort.abort(hangUp());
  await vi.advanceTimersByTimeAsync(999);
  place.resolve('here');
  await expect(waiting).resolves.toBe('here');
  expect(vi.getTimerCount()).toBe(0);
});

test.each(['before', 'during'] as const)(
  'after a hang-up %s the wait, the wait ends at the deadline',
  async (when) => {
    const abort = new AbortController();
    if (when === 'before') abort.abort(hangUp());
    const waiting = beforeDeadline(new Promise(() => {}), abort.signal);
    if (when === 'during') abort.abort(hangUp());
    const givenUp = expect(waiting).rejects.toMatchObject({ code: 'ISOLATION_CLOSED' });
    await vi.advanceTimersByTimeAsync(1_000);
    await givenUp;
  },
);

test('a place that cannot become ready rejects with its own error', async () => {
  const failure = new Error('no image');
  const { signal } = new AbortController();
  await expect(beforeDeadline(Promise.reject(failure), signal)).rejects.toBe(failure);
});

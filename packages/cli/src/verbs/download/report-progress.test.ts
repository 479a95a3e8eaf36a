import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { tellProgress } from './report-progress.js';

const MIB = 1_024 * 1_024;

/** A promise and its ends. */
function deferred() {
  let resolve = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<void>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  return { promise, resolve, reject };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('says how much has come, when it is more than before, and nothing behind the end', async () => {
  let there = 5 * MIB;
  const said: string[] = [];
  const work = deferred();
  const ended = tellProgress(() => work.promise, {
    bytes: () => Promise.resolve(there),
    say: (words) => said.push(words),
    everyMs: 100,
  });
  await vi.advanceTimersByTimeAsync(100);
  expect(said).toEqual([]);
  there = 8.5 * MIB;
  await vi.advanceTimersByTimeAsync(200);
  expect(said).toEqual(['3 MiB so far']);
  there = 70 * MIB;
  await vi.advanceTimersByTimeAsync(100);
  work.resolve();
  await ended;
  there = 90 * MIB;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(said).toEqual(['3 MiB so far', '65 MiB so far']);
});

test('what goes wrong is told by the work, not by the look at the cache', async () => {
  const bytes = vi.fn().mockResolvedValueOnce(0).mockRejectedValue(new Error('no way in'));
  const work = deferred();
  const ended = tellProgress(() => work.promise, { bytes, say: () => {}, everyMs: 100 });
  await vi.advanceTimersByTimeAsync(300);
  work.reject(new Error('no way to the host'));
  await expect(ended).rejects.toThrow('no way to the host');
});

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { reportProgress } from './report-progress.js';

const MIB = 1_024 * 1_024;

/** A promise with its functions. */
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

test('reports how much has been downloaded when it is more than before, and nothing after the end', async () => {
  let there = 5 * MIB;
  const reports: string[] = [];
  const work = deferred();
  const ended = reportProgress(() => work.promise, {
    bytes: () => Promise.resolve(there),
    report: (message) => reports.push(message),
    everyMs: 100,
  });
  await vi.advanceTimersByTimeAsync(100);
  expect(reports).toEqual([]);
  there = 8.5 * MIB;
  await vi.advanceTimersByTimeAsync(200);
  expect(reports).toEqual(['3 MiB so far']);
  there = 70 * MIB;
  await vi.advanceTimersByTimeAsync(100);
  work.resolve();
  await ended;
  there = 90 * MIB;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(reports).toEqual(['3 MiB so far', '65 MiB so far']);
});

test('errors come from the work, not from reading the cache', async () => {
  const bytes = vi.fn().mockResolvedValueOnce(0).mockRejectedValue(new Error('no way in'));
  const work = deferred();
  const ended = reportProgress(() => work.promise, { bytes, report: () => {}, everyMs: 100 });
  await vi.advanceTimersByTimeAsync(300);
  work.reject(new Error('no way to the host'));
  await expect(ended).rejects.toThrow('no way to the host');
});

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { Ending } from './ending.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

const never = () => new Promise<never>(() => {});

/** An end of which every phase hangs. */
async function hangingEnd(ending: Ending): Promise<void> {
  await ending.calls(never, () => ({ jobIds: ['AJ_1'] }));
  await ending.reports(never);
  ending.beginParts();
  await ending.part('the connections', never);
  await ending.part('the isolation', never);
  await ending.part('the models', never);
  await ending.operations(never);
}

test('after close() it is over in 4 s even if every phase hangs, and the log names each', async () => {
  const log = new LogBook();
  const ending = new Ending(log);
  const begun = performance.now();
  const over = hangingEnd(ending).then(() => performance.now() - begun);
  ending.close();
  await vi.runAllTimersAsync();
  expect(await over).toBe(4_000);
  expect(log.matching('error', /./)).toEqual([
    'calls did not end when they were hung up: going on without them',
    ...Array.from({ length: 4 }, () => 'closing takes too long: going on without waiting for it'),
  ]);
  expect(log.lines.map(({ fields }) => (fields as { what?: string }).what)).toEqual([
    undefined,
    undefined,
    'the connections',
    'the isolation',
    'the models',
    'health server, metrics files and socket',
  ]);
});

test('after a drain that took too long it is over too', async () => {
  const ending = new Ending(new LogBook());
  const begun = performance.now();
  const over = hangingEnd(ending).then(() => performance.now() - begun);
  ending.drainTimedOut();
  await vi.runAllTimersAsync();
  // The calls, the reports, the parts, and what shows them.
  expect(await over).toBe(32_000 + 5_000 + 20_000 + 5_000);
});

test('errors of closing are thrown', async () => {
  const ending = new Ending(new LogBook());
  const error = new Error('no');
  await expect(ending.part('it', () => Promise.reject(error))).rejects.toBe(error);
  await expect(ending.operations(() => Promise.reject(error))).rejects.toBe(error);
});

import type { AskedWorker } from '@openrtc/core/operate';
import { expect, test } from 'vitest';

import { type WatchedWorker, updateWorkers } from './watched-workers.js';
import { call, report } from './workers.fixture.js';

const lastReport = report([call()]);
const answers: AskedWorker = { pid: 1, socket: '/a', report: lastReport };
const hangs: AskedWorker = { pid: 1, socket: '/a', problem: 'it did not answer' };

/** Polls at these times. */
function polls(...all: readonly (readonly [nowMs: number, ...workers: AskedWorker[]])[]) {
  return all.reduce<readonly WatchedWorker[]>(
    (before, [nowMs, ...workers]) => updateWorkers(before, { workers, problems: [] }, nowMs),
    [],
  );
}

test('a worker that hangs keeps its last report and the time since when it hangs', () => {
  expect(polls([0, answers], [1_000, hangs], [2_000, hangs])).toEqual([
    { ...hangs, state: 'silent', sinceMs: 1_000, report: lastReport },
  ]);
  expect(polls([0, hangs])).toEqual([{ ...hangs, state: 'silent', sinceMs: 0 }]);
  expect(polls([0, hangs], [1_000, answers])).toMatchObject([
    { state: 'live', report: lastReport },
  ]);
});

test('a worker that has ended is listed as gone for a while', () => {
  expect(polls([0, answers], [1_000], [20_000])).toMatchObject([{ state: 'gone', sinceMs: 1_000 }]);
  expect(polls([0, answers], [1_000], [32_000])).toEqual([]);
});

test('a worker with the same pid and another socket is another worker', () => {
  const other: AskedWorker = { ...answers, socket: '/b' };
  expect(polls([0, answers], [1_000, other])).toMatchObject([
    { socket: '/b', state: 'live' },
    { socket: '/a', state: 'gone' },
  ]);
});

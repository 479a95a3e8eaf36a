import type { AskedWorker } from '@openrtc/core/operate';
import { expect, test } from 'vitest';

import { type WatchedWorker, nextLook } from './watched-workers.js';
import { call, report } from './workers.fixture.js';

const told = report([call()]);
const answers: AskedWorker = { pid: 1, socket: '/a', report: told };
const hangs: AskedWorker = { pid: 1, socket: '/a', problem: 'it did not answer' };

/** Looks at these times, one after the other. */
function looks(...all: readonly (readonly [nowMs: number, ...workers: AskedWorker[]])[]) {
  return all.reduce<readonly WatchedWorker[]>(
    (before, [nowMs, ...workers]) => nextLook(before, { workers, problems: [] }, nowMs),
    [],
  );
}

test('a worker that hangs keeps what it told last, and since when it hangs', () => {
  expect(looks([0, answers], [1_000, hangs], [2_000, hangs])).toEqual([
    { ...hangs, state: 'silent', sinceMs: 1_000, report: told },
  ]);
  expect(looks([0, hangs])).toEqual([{ ...hangs, state: 'silent', sinceMs: 0 }]);
  expect(looks([0, hangs], [1_000, answers])).toMatchObject([{ state: 'live', report: told }]);
});

test('one that is not there any more is gone for a while', () => {
  expect(looks([0, answers], [1_000], [20_000])).toMatchObject([{ state: 'gone', sinceMs: 1_000 }]);
  expect(looks([0, answers], [1_000], [32_000])).toEqual([]);
});

test('another one of the same pid is another one', () => {
  const other: AskedWorker = { ...answers, socket: '/b' };
  expect(looks([0, answers], [1_000, other])).toMatchObject([
    { socket: '/b', state: 'live' },
    { socket: '/a', state: 'gone' },
  ]);
});

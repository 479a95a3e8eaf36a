import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { SessionEnd } from '../call/session-end.js';
import { JoinDeadline } from './join-deadline.js';

let waited: number;

beforeEach(() => {
  waited = 0;
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

const deadline = () => new JoinDeadline(new SessionEnd(), 1_000, () => waited);
const never = () => new Promise<never>(() => {});
const after = (ms: number) => () =>
  new Promise<string>((resolve) => setTimeout(resolve, ms, 'joined'));

/** Runs one step, and tells how it ended and when. */
function run(within: JoinDeadline, step: () => Promise<unknown>) {
  const begun = performance.now();
  const outcome = { kind: 'waits', ms: 0 };
  const settle = (kind: string) => Object.assign(outcome, { kind, ms: performance.now() - begun });
  within.run('SESSION_JOIN_FAILED', 'The room was not joined', step).then(
    () => settle('done'),
    (error: { code: string }) => settle(error.code),
  );
  return outcome;
}

test('all steps together have the time', async () => {
  const within = deadline();
  const first = run(within, after(600));
  await vi.advanceTimersByTimeAsync(600);
  const second = run(within, never);
  await vi.advanceTimersByTimeAsync(400);
  expect([first.kind, second]).toEqual(['done', { kind: 'SESSION_JOIN_TIMEOUT', ms: 400 }]);
});

test('time in which the process waited for a CPU does not count', async () => {
  const within = deadline();
  const step = run(within, after(2_500));
  waited += 900;
  await vi.advanceTimersByTimeAsync(1_000);
  waited += 900;
  await vi.advanceTimersByTimeAsync(1_600);
  expect(step).toEqual({ kind: 'done', ms: 2_500 });
});

test('a step that hangs on a busy machine still ends', async () => {
  const within = deadline();
  const step = run(within, never);
  waited += 500;
  await vi.advanceTimersByTimeAsync(1_500);
  expect(step).toEqual({ kind: 'SESSION_JOIN_TIMEOUT', ms: 1_500 });
  // The next step has no more time than this one had.
  const next = run(within, never);
  await vi.advanceTimersByTimeAsync(0);
  expect(next.kind).toBe('SESSION_JOIN_TIMEOUT');
});

test('where nothing is known about CPUs, the time is the time', async () => {
  const within = new JoinDeadline(new SessionEnd(), 1_000, () => undefined);
  const step = run(within, never);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(step).toEqual({ kind: 'SESSION_JOIN_TIMEOUT', ms: 1_000 });
});

test('a step that throws at once fails with the code of the step', async () => {
  const step = run(deadline(), () => {
    throw new Error('broken');
  });
  await vi.advanceTimersByTimeAsync(0);
  expect(step.kind).toBe('SESSION_JOIN_FAILED');
});

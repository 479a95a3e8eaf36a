import type { JobContext } from '@livekit/agents';
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { deferred } from '../base/deferred.js';
import { LogBook } from '../base/log-book.js';
import { outcomeOf } from '../call/session-outcome.js';
import type { OpenedSession } from './begin-session.js';
import type { CurrentCall } from '../sdk/current-call.js';
import { endSession } from './end-session.js';
import { SessionEnd } from '../call/session-end.js';
import type { SessionEvent } from '../call/session-event.js';

const outcome = outcomeOf('caller_left');
const hang = () => new Promise<never>(() => {});
const boom = () => Promise.reject(new Error('boom'));
const never = () => Number.POSITIVE_INFINITY;

interface Overrides {
  readonly close?: () => Promise<void>;
  readonly report?: () => Promise<void>;
  readonly onSessionEnd?: () => Promise<void>;
  readonly disconnect?: () => Promise<void>;
  readonly callbacks?: (() => Promise<void>)[];
  readonly directory?: string;
}

/** A call that records every step when it begins. */
function fakeCall(overrides: Overrides = {}) {
  const steps: string[] = [];
  const log = new LogBook();
  const step = (name: string, work: (() => Promise<void>) | undefined) => async () => {
    steps.push(name);
    await work?.();
  };
  const room = {
    disconnect: step('leave', overrides.disconnect),
    removeAllListeners: () => void steps.push('release'),
    localParticipant: undefined,
    remoteParticipants: new Map(),
  };
  const ctx = {
    job: { id: 'AJ_1' },
    room,
    shutdownCallbacks: (overrides.callbacks ?? [undefined]).map((work) => step('callback', work)),
    sessionDirectory: overrides.directory ?? '/nowhere',
    _onSessionEnd: step('session report', overrides.onSessionEnd),
  };
  const call: CurrentCall = {
    jobId: 'AJ_1',
    agent: 'sales',
    tenant: 'default',
    room: 'lobby',
    ctx: ctx as unknown as JobContext,
    end: new SessionEnd(),
    logger: log,
  };
  const opened = { session: { close: step('close', overrides.close) } } as unknown as OpenedSession;
  const events: SessionEvent[] = [];
  const report = (event: SessionEvent) => {
    events.push(event);
    return step(`report ${event.kind}`, overrides.report)();
  };
  return { call, opened, report, steps, events, log };
}

const order = ['close', 'report ending', 'session report', 'leave', 'callback', 'release'];

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('the session is closed, the end reported and the room left, and then the callbacks run', async () => {
  const { call, opened, report, steps, events, log } = fakeCall();
  await endSession(call, opened, outcome, report, never);
  expect(steps).toEqual(order);
  expect(events).toEqual([{ kind: 'ending', jobId: 'AJ_1', outcome }]);
  expect(log.lines).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test('a call without a session is ended too', async () => {
  const { call, report, steps } = fakeCall();
  await endSession(call, {}, outcome, report, never);
  expect(steps).toEqual(order.slice(1));
});

/** Each step, with what makes it fail or hang. */
const eachStep = (how: () => Promise<void>): [string, Overrides][] => [
  ['closing the session', { close: how }],
  ['reporting the end', { report: how }],
  ['the session report', { onSessionEnd: how }],
  ['leaving the room', { disconnect: how }],
  ['a shutdown callback', { callbacks: [how] }],
];

test.each(eachStep(boom))(
  'when %s fails, it is logged and every other step runs',
  async (what, overrides) => {
    const { call, opened, report, steps, log } = fakeCall(overrides);
    await endSession(call, opened, outcome, report, never);
    expect(steps).toEqual(order);
    expect(log.lines).toMatchObject([{ level: 'error', message: `${what} failed` }]);
  },
);

test.each(eachStep(hang))(
  'when %s hangs, it is logged and every other step runs',
  async (what, overrides) => {
    const { call, opened, report, steps, log } = fakeCall(overrides);
    const ended = endSession(call, opened, outcome, report, never);
    await vi.runAllTimersAsync();
    await ended;
    expect(steps).toEqual(order);
    expect(log.lines).toMatchObject([
      { level: 'warn', message: expect.stringContaining(`${what} took too long`) },
    ]);
  },
);

test.each([
  ['caller_left', true],
  ['room_closed', true],
  ['terminated', true],
  ['empty_room', true],
  ['agent_shutdown', false],
  ['max_duration', false],
  ['pool_closed', false],
] as const)(
  'a session that does not close, and ended as %s: its end is reported soon: %s',
  async (reason, soon) => {
    const { call, opened, report, steps } = fakeCall({ close: hang });
    const ended = endSession(call, opened, outcomeOf(reason), report, never);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(steps.includes('report ending')).toBe(soon);
    // The room is left when the session is closed, or took too long.
    expect(steps).not.toContain('leave');
    await vi.runAllTimersAsync();
    await ended;
    expect(steps).toEqual(order);
  },
);

test('all shutdown callbacks run at the same time, also when one of them fails or hangs', async () => {
  const ran: string[] = [];
  const callbacks = [hang, boom, async () => void ran.push('third')];
  const { call, opened, report, steps } = fakeCall({ callbacks });
  const ended = endSession(call, opened, outcome, report, never);
  await vi.runAllTimersAsync();
  await ended;
  expect(steps.filter((step) => step === 'callback')).toHaveLength(3);
  expect(ran).toEqual(['third']);
});

test('a step that throws synchronously counts as failed', async () => {
  const { call, opened, steps, log } = fakeCall();
  const report = () => {
    throw new Error('boom');
  };
  await endSession(call, opened, outcome, report, never);
  expect(steps).toContain('leave');
  expect(log.has('reporting the end failed')).toBe(true);
});

test('when every step hangs, it still ends within 30 s', async () => {
  const { call, opened, report, steps } = fakeCall({
    close: hang,
    report: hang,
    onSessionEnd: hang,
    disconnect: hang,
    callbacks: [hang],
  });
  const before = Date.now();
  const ended = endSession(call, opened, outcome, report, never);
  await vi.runAllTimersAsync();
  await ended;
  expect(steps).toEqual(order);
  expect(Date.now() - before).toBeLessThanOrEqual(31_000);
});

test('a deadline that is set while it runs shortens the remaining steps and skips none', async () => {
  const { call, opened, report, steps } = fakeCall({
    close: hang,
    onSessionEnd: hang,
    disconnect: hang,
    callbacks: [hang],
  });
  let deadline = Number.POSITIVE_INFINITY;
  const before = Date.now();
  const ended = endSession(call, opened, outcome, report, () => deadline);
  deadline = before;
  await vi.runAllTimersAsync();
  await ended;
  expect(steps).toEqual(order);
  // The step that runs already keeps its 10 s; each of the others gets the minimum.
  expect(Date.now() - before).toBeLessThan(12_000);
});

test.each([
  ['', never, 31_000],
  [', also with a deadline', () => Date.now() + 4_000, 6_000],
])('a clock that is set back does not make it take longer%s', async (_which, until, atMostMs) => {
  const { call, opened, report, steps } = fakeCall({
    close: hang,
    report: hang,
    onSessionEnd: hang,
    disconnect: hang,
    callbacks: [hang],
  });
  const before = performance.now();
  const deadline = until();
  const ended = endSession(call, opened, outcome, report, () => deadline);
  await vi.advanceTimersByTimeAsync(1_000);
  vi.setSystemTime(Date.now() - 2 * 3_600_000);
  await vi.runAllTimersAsync();
  await ended;
  expect(steps).toEqual(order);
  expect(performance.now() - before).toBeLessThanOrEqual(atMostMs);
});

test('a room that is still being joined is left as soon as the join is done', async () => {
  const joining = deferred();
  const { call, report, steps } = fakeCall();
  const ended = endSession(call, { joining: joining.promise }, outcome, report, never);
  await vi.advanceTimersByTimeAsync(100);
  expect(steps).not.toContain('leave');
  joining.resolve();
  await vi.runAllTimersAsync();
  await ended;
  expect(steps).toContain('leave');
});

test('a room whose join takes longer than the end of the call is left after the join', async () => {
  const joining = deferred();
  const left = deferred();
  const { call, report } = fakeCall({ disconnect: async () => left.resolve() });
  const ended = endSession(call, { joining: joining.promise }, outcome, report, never);
  await vi.runAllTimersAsync();
  await ended;
  joining.resolve();
  await left.promise;
});

test('a join that failed does not fail the step that leaves the room', async () => {
  const { call, report, steps, log } = fakeCall();
  await endSession(call, { joining: boom() }, outcome, report, never);
  expect(steps).toContain('leave');
  expect(log.lines).toEqual([]);
});

test("only the call's own directory is removed", async () => {
  vi.useRealTimers();
  const own = await mkdtemp(path.join(tmpdir(), 'job-AJ_1-'));
  const other = await mkdtemp(path.join(tmpdir(), 'job-AJ_other-'));
  for (const directory of [own, other]) {
    const { call, opened, report } = fakeCall({ directory });
    await endSession(call, opened, outcome, report, never);
  }
  expect([existsSync(own), existsSync(other)]).toEqual([false, true]);
});

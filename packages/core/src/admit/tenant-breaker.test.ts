import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { LogBook } from '../base/log-book.js';
import type { BreakerChange } from '../call/breaker-change.js';
import { CallHistory } from '../call/call-worth.js';
import { outcomeOf } from '../call/session-outcome.js';
import type { SessionTurn } from '../call/session-turn.js';
import { Admission, type Reservation } from './admission.js';
import { TenantBreaker } from './tenant-breaker.js';

const limits = {
  windowMs: 60_000,
  minCalls: 4,
  failureRatio: 0.5,
  cooldownMs: 30_000,
  probeMs: 20_000,
};

let log: LogBook;
let changes: BreakerChange[];
let breaker: TenantBreaker;
let admission: Admission;
let jobs = 0;

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  log = new LogBook();
  changes = [];
  breaker = new TenantBreaker({
    limits,
    admission: () => admission,
    logger: log,
    onChange: (change) => changes.push(change),
  });
  admission = new Admission({ maxConcurrentSessions: 100_000, gates: [breaker.gate] });
});

afterEach(() => {
  breaker[Symbol.dispose]();
  vi.useRealTimers();
});

/** A call of a test, from its offer to its end. */
class TestCall {
  readonly history = new CallHistory();
  readonly since = performance.now();
  readonly info: { jobId: string; agent: string; tenant: string; room: string };
  readonly #place: Reservation;

  constructor(place: Reservation) {
    this.info = { ...place.call };
    this.#place = place;
    breaker.judge(this);
  }

  answered(): this {
    return this.#turn({ state: 'answered' });
  }

  unanswered(): this {
    return this.#turn({ state: 'unanswered', reason: 'provider_error' });
  }

  end(): void {
    this.#place.release();
    breaker.judge(this, outcomeOf('caller_left'));
  }

  #turn(turn: SessionTurn): this {
    this.history.add({ kind: 'turn', jobId: this.info.jobId, turn });
    breaker.judge(this);
    return this;
  }
}

const offer = (tenant: string, agent = 'shop') =>
  admission.reserve({ jobId: `AJ_${(jobs += 1)}`, agent, tenant, room: 'lobby' });

function taken(tenant: string, agent = 'shop'): TestCall {
  const answer = offer(tenant, agent);
  if ('refused' in answer) throw new Error(answer.message);
  return new TestCall(answer);
}

function refusal(tenant: string, agent = 'shop'): string | undefined {
  const answer = offer(tenant, agent);
  if ('refused' in answer) return answer.refused;
  answer.release();
  return undefined;
}

/** Calls without an answer, as many as open it. */
function fail(tenant: string, agent = 'shop'): readonly TestCall[] {
  const calls = Array.from({ length: limits.minCalls }, () => taken(tenant, agent));
  for (const call of calls) call.unanswered();
  return calls;
}

test('it opens at the ratio, not below, and only when there are enough calls', () => {
  for (let count = 1; count < limits.minCalls; count += 1) taken('acme').unanswered();
  expect(refusal('acme')).toBeUndefined();
  for (let count = 0; count < 6; count += 1) taken('globex').answered();
  for (let count = 0; count < 5; count += 1) taken('globex').unanswered();
  expect(refusal('globex')).toBeUndefined();
  taken('globex').unanswered();
  expect(offer('globex')).toEqual({
    refused: 'breaker_open',
    message:
      '6 of 12 calls of tenant "globex" were not answered; new ones are refused for 30 s more (breaker)',
  });
  expect(log.matching('error', /breaker: .*globex.*6 of 12/)).toHaveLength(1);
  expect(refusal('acme')).toBeUndefined();
});

test('a call counts while it runs, and once', () => {
  const calls = Array.from({ length: limits.minCalls }, () => taken('acme'));
  calls[0]?.unanswered().unanswered().unanswered().unanswered();
  expect(refusal('acme')).toBeUndefined();
  // An answer makes up for what was not answered before.
  for (const call of calls) call.unanswered().answered();
  expect(refusal('acme')).toBeUndefined();
});

test('calls of which nothing was heard within the window do not count', () => {
  for (let count = 1; count < limits.minCalls; count += 1) taken('acme').unanswered();
  vi.advanceTimersByTime(limits.windowMs + 1);
  taken('acme').unanswered();
  expect(refusal('acme')).toBeUndefined();
});

test('after the cooldown one call of a burst is tried, and its first answer ends it', () => {
  fail('acme');
  vi.advanceTimersByTime(limits.cooldownMs - 1);
  expect(refusal('acme')).toBe('breaker_open');
  vi.advanceTimersByTime(1);
  const tried = taken('acme');
  expect([refusal('acme'), refusal('acme')]).toEqual(['breaker_open', 'breaker_open']);
  expect(breaker.notClosed).toMatchObject([{ tenant: 'acme', agent: 'shop', state: 'half_open' }]);
  tried.answered();
  expect(refusal('acme')).toBeUndefined();
  expect(breaker.notClosed).toEqual([]);
  const counted = { tenant: 'acme', agent: 'shop', unanswered: 4, calls: 4 };
  expect(changes).toEqual([
    { ...counted, state: 'open' },
    { ...counted, state: 'half_open' },
    { ...counted, state: 'closed' },
  ]);
  expect(log.matching('info', /breaker/)).toEqual([
    'breaker: tenant "acme", agent "shop": one call is tried',
    'breaker: tenant "acme", agent "shop": calls are taken again',
  ]);
});

test('a call that is tried and not answered opens it again for the whole cooldown', () => {
  fail('acme');
  vi.advanceTimersByTime(limits.cooldownMs);
  taken('acme').unanswered();
  vi.advanceTimersByTime(limits.cooldownMs - 1);
  expect(refusal('acme')).toBe('breaker_open');
  vi.advanceTimersByTime(1);
  expect(refusal('acme')).toBeUndefined();
});

test.each<[string, (call: TestCall | Reservation) => void]>([
  ['never comes', (call) => (call as Reservation).release()],
  ['ends before anything was asked', (call) => new TestCall(call as Reservation).end()],
])('when the call that is tried %s, the next one is tried', (_what, act) => {
  fail('acme');
  vi.advanceTimersByTime(limits.cooldownMs);
  const answer = offer('acme');
  if ('refused' in answer) throw new Error(answer.message);
  act(answer);
  const next = taken('acme');
  expect(refusal('acme')).toBe('breaker_open');
  next.answered();
  expect(refusal('acme')).toBeUndefined();
});

test('a call that is tried and goes on in silence ends it after a while', () => {
  fail('acme');
  vi.advanceTimersByTime(limits.cooldownMs);
  taken('acme');
  vi.advanceTimersByTime(limits.probeMs - 1);
  expect(refusal('acme')).toBe('breaker_open');
  vi.advanceTimersByTime(1);
  expect(refusal('acme')).toBeUndefined();
});

test('calls from before decide nothing: neither while one is tried, nor after', () => {
  const before = fail('acme');
  vi.advanceTimersByTime(limits.cooldownMs);
  const tried = taken('acme');
  before[0]?.answered();
  expect(refusal('acme')).toBe('breaker_open');
  before[1]?.unanswered();
  tried.answered();
  for (const call of before) call.unanswered();
  expect(refusal('acme')).toBeUndefined();
});

test('each agent of a tenant is judged for itself; when all of them fail, the tenant is', () => {
  fail('acme', 'mute');
  taken('acme', 'shop').answered();
  expect([refusal('acme', 'mute'), refusal('acme', 'shop')]).toEqual(['breaker_open', undefined]);
  for (const agent of ['a', 'b', 'c', 'd']) taken('globex', agent).unanswered();
  expect([refusal('globex', 'a'), refusal('globex', 'new')]).toEqual([
    'breaker_open',
    'breaker_open',
  ]);
});

test('calls without a tenant are never refused', () => {
  fail('default');
  expect(refusal('default')).toBeUndefined();
});

test('ten thousand tenants and more are not all remembered', () => {
  for (let count = 0; count < 25_000; count += 1) {
    const call = taken(`tenant-${count}`);
    call.unanswered().end();
  }
  fail('acme');
  expect(refusal('acme')).toBe('breaker_open');
  expect(breaker.size).toBeLessThanOrEqual(10_000);
});

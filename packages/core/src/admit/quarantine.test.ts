import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { LogBook } from '../base/log-book.js';
import type { MetadataValues } from '../call/call.js';
import { CallHistory } from '../call/call-worth.js';
import { failureOf, outcomeOf, type SessionOutcome } from '../call/session-outcome.js';
import { Admission, type Reservation } from './admission.js';
import { Quarantine } from './quarantine.js';

const limits = { failures: 3, windowMs: 60_000, cooldownMs: 300_000 };
const order = { tenant: 'acme', agent: 'shop', order: 'A-17, for Zoë' };

let log: LogBook;
let quarantine: Quarantine;
let admission: Admission;
let revision: number;
let jobs = 0;

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  log = new LogBook();
  revision = 0;
  quarantine = new Quarantine({
    limits,
    admission: () => admission,
    revisionOf: () => revision,
    logger: log,
  });
  admission = new Admission({ maxConcurrentSessions: 100_000, gates: [quarantine.gate] });
});

afterEach(() => {
  quarantine[Symbol.dispose]();
  vi.useRealTimers();
});

const failed = (code = 'SESSION_SETUP_FAILED') => failureOf({ code, message: 'no such order' });

/** A call of a test, from its offer to its end. */
class TestCall {
  readonly since = performance.now();
  readonly history = new CallHistory();
  readonly info;
  readonly #place: Reservation;

  constructor(place: Reservation, metadata: MetadataValues) {
    this.info = { ...place.call, metadata };
    this.#place = place;
    quarantine.judge(this);
  }

  turn(answered: boolean): this {
    const { jobId } = this.info;
    this.history.add({
      kind: 'turn',
      jobId,
      turn: answered ? { state: 'answered' } : { state: 'unanswered', reason: 'provider_error' },
    });
    quarantine.judge(this);
    return this;
  }

  end(outcome: SessionOutcome): void {
    this.#place.release();
    quarantine.judge(this, outcome);
  }
}

function offer(metadata: MetadataValues) {
  const { agent = 'shop', tenant = 'default' } = metadata as { agent?: string; tenant?: string };
  return admission.reserve(
    { jobId: `AJ_${(jobs += 1)}`, agent, tenant, room: 'lobby' },
    // Each offer has an object of its own.
    { ...metadata },
  );
}

function taken(metadata: MetadataValues = order): TestCall {
  const answer = offer(metadata);
  if ('refused' in answer) throw new Error(answer.message);
  return new TestCall(answer, { ...metadata });
}

function refusal(metadata: MetadataValues = order): string | undefined {
  const answer = offer(metadata);
  if ('refused' in answer) return answer.refused;
  answer.release();
  return undefined;
}

/** Calls that fail, one after the other. */
function fail(metadata: MetadataValues = order, count = limits.failures, outcome = failed()): void {
  for (let done = 0; done < count; done += 1) {
    taken(metadata).end(outcome);
    vi.advanceTimersByTime(1);
  }
}

test('a job that has failed as often as it may is refused; all others are not', () => {
  fail(order, limits.failures - 1);
  expect(refusal()).toBeUndefined();
  fail(order, 1);
  expect(offer(order)).toEqual({
    refused: 'quarantined',
    message:
      'calls of agent "shop" and tenant "acme" with this metadata have failed 3 times in a row (SESSION_SETUP_FAILED); new ones are refused for 300 s more (quarantine)',
  });
  for (const other of [{ order: 'A-18' }, { agent: 'menu' }, { tenant: 'globex' }, { more: 1 }])
    expect(refusal({ ...order, ...other }), JSON.stringify(other)).toBeUndefined();
});

test('the log says when it begins and ends, without the metadata', () => {
  fail();
  vi.advanceTimersByTime(limits.cooldownMs);
  taken().turn(true);
  const lines = log.lines.filter((line) => JSON.stringify(line).includes('quarantine'));
  expect(lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
    'error: quarantine: agent "shop", tenant "acme": calls with the same metadata have failed 3 times in a row (SESSION_SETUP_FAILED): further ones are refused for 300 s',
    'info: quarantine: agent "shop", tenant "acme": one call is tried',
    'info: quarantine: agent "shop", tenant "acme": calls with the same metadata are taken again',
  ]);
  expect(JSON.stringify(lines)).toMatch(/"metadataDigest":"[\w-]{12}"/);
  expect(JSON.stringify(lines)).not.toMatch(/A-17|Zo/);
});

test.each<[string, SessionOutcome]>([
  ['the network', failed('SESSION_JOIN_FAILED')],
  ['a lost connection', failed('SESSION_CONNECTION_LOST')],
  ['the machine', failed('SESSION_JOIN_TIMEOUT')],
  ['a process that died', failed('ISOLATION_LOST')],
  ['LiveKit', failed('SESSION_FOREIGN_HOST')],
  ['the room', failed('SESSION_WRONG_ROOM')],
  ['a strategy', failed('MY_STRATEGY_BROKE')],
  ['a deploy', outcomeOf('drain_timeout')],
  ['the caller', outcomeOf('caller_left')],
])('calls that end because of %s say nothing about their job', (_whose, outcome) => {
  fail(order, 5, outcome);
  expect(refusal()).toBeUndefined();
});

test.each([
  'SESSION_AGENT_FAILED',
  'SESSION_PROVIDER_FAILED',
  'SESSION_CLOSED_WITH_ERROR',
  'SESSION_UNCAUGHT',
  'ISOLATION_STUCK',
  'ISOLATION_MEMORY_LIMIT',
])('calls that fail with %s do', (code) => {
  fail(order, limits.failures, failed(code));
  expect(refusal()).toBe('quarantined');
});

test('failures with another code begin anew', () => {
  fail(order, 2);
  fail(order, 2, failed('SESSION_AGENT_FAILED'));
  expect(refusal()).toBeUndefined();
  fail(order, 1, failed('SESSION_AGENT_FAILED'));
  expect(refusal()).toBe('quarantined');
});

test('an answered call between two that fail begins anew, also before it ends', () => {
  fail(order, 2);
  taken().turn(true);
  fail(order, 2);
  expect(refusal()).toBeUndefined();
  fail(order, 1);
  expect(refusal()).toBe('quarantined');
});

test('calls that fail at the same time have failed once', () => {
  const burst = Array.from({ length: 10 }, () => taken());
  vi.advanceTimersByTime(5);
  for (const call of burst) {
    call.end(failed());
    vi.advanceTimersByTime(1);
  }
  expect(refusal()).toBeUndefined();
});

test('failures from before the window do not count', () => {
  fail(order, 2);
  vi.advanceTimersByTime(limits.windowMs);
  fail(order, 1);
  expect(refusal()).toBeUndefined();
});

test.each<[string, MetadataValues]>([
  ['no metadata', {}],
  ['no more than agent and tenant', { agent: 'shop', tenant: 'acme' }],
  ['no more than a demo', { demo: 'shop' }],
])('calls with %s are never refused', (_what, metadata) => {
  fail(metadata, 10);
  expect(refusal(metadata)).toBeUndefined();
  expect(quarantine.size).toBe(0);
});

test('calls without a tenant are refused as well: nothing else stops them', () => {
  fail({ order: 5 });
  expect(refusal({ order: 5 })).toBe('quarantined');
});

test('after the cooldown one call of a burst is tried, and its first answer ends it', () => {
  fail();
  vi.advanceTimersByTime(limits.cooldownMs - 2);
  expect(refusal()).toBe('quarantined');
  vi.advanceTimersByTime(1);
  const tried = taken();
  expect([refusal(), refusal()]).toEqual(['quarantined', 'quarantined']);
  tried.turn(false);
  expect(refusal()).toBe('quarantined');
  tried.turn(true);
  expect(refusal()).toBeUndefined();
  expect(quarantine.size).toBe(0);
});

test.each(['SESSION_SETUP_FAILED', 'SESSION_UNCAUGHT'])(
  'a call that is tried and fails with %s begins it again for the whole cooldown',
  (code) => {
    fail();
    vi.advanceTimersByTime(limits.cooldownMs);
    taken().end(failed(code));
    vi.advanceTimersByTime(limits.cooldownMs - 1);
    expect(refusal()).toBe('quarantined');
    expect(log.matching('error', /have failed 4 times in a row/)).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(refusal()).toBeUndefined();
  },
);

test.each<[string, (call: TestCall) => void]>([
  ['hangs up', (call) => call.end(outcomeOf('caller_left'))],
  ['loses its connection', (call) => call.end(failed('SESSION_CONNECTION_LOST'))],
])('when the caller of the call that is tried %s, the next one is tried', (_what, end) => {
  fail();
  vi.advanceTimersByTime(limits.cooldownMs);
  end(taken());
  taken();
  expect(refusal()).toBe('quarantined');
});

test('a call that is tried and goes on in silence ends it after a while', () => {
  fail();
  vi.advanceTimersByTime(limits.cooldownMs);
  taken();
  vi.advanceTimersByTime(29_999);
  expect(refusal()).toBe('quarantined');
  vi.advanceTimersByTime(1);
  expect(refusal()).toBeUndefined();
});

test('an answer in a call from before it began ends it', () => {
  const long = taken();
  fail();
  expect(refusal()).toBe('quarantined');
  long.turn(true);
  expect(refusal()).toBeUndefined();
  expect(log.matching('info', /taken again/)).toHaveLength(1);
});

test('new code of the agent is not blamed for what the code before it did', () => {
  fail();
  expect(refusal()).toBe('quarantined');
  revision += 1;
  expect(refusal()).toBeUndefined();
  fail(order, 2);
  expect(refusal()).toBeUndefined();
});

test('ten thousand jobs and more are not all remembered', () => {
  for (let count = 0; count < 10_500; count += 1) fail({ count }, 1);
  fail();
  expect(refusal()).toBe('quarantined');
  expect(quarantine.size).toBeLessThanOrEqual(10_000);
});

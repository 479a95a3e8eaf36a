import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { LogBook } from '../base/log-book.js';
import type { SessionInfo } from '../call/call.js';
import { Observers } from './session-observer.js';
import type { ProviderError } from '../call/provider-error.js';
import { resultOf } from '../call/session-result.fixture.js';
import { outcomeOf } from '../call/session-outcome.js';

const info: SessionInfo = {
  jobId: 'AJ_1',
  agent: 'sales',
  tenant: 'acme',
  room: 'lobby',
  metadata: {},
  startedAt: 1,
};
const result = resultOf(outcomeOf('caller_left'));

let log: LogBook;

beforeEach(() => {
  log = new LogBook();
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('each observer is notified of the events it has methods for', async () => {
  const seen: unknown[] = [];
  const observers = new Observers(
    [
      { onSessionStart: (who) => void seen.push(['start', who]) },
      { onSessionEnd: (...told) => void seen.push(['end', ...told]) },
    ],
    log,
  );
  await observers.started(info);
  await observers.ended(info, result);
  expect(seen).toEqual([
    ['start', info],
    ['end', info, result],
  ]);
  expect(log.lines).toEqual([]);
});

test('an observer is told of errors of providers and of turns', async () => {
  const seen: unknown[] = [];
  const error: ProviderError = {
    kind: 'tts',
    label: 'x',
    code: '429',
    recoverable: true,
    message: '',
  };
  const observers = new Observers(
    [
      { onProviderError: (...told) => void seen.push(told) },
      { onTurn: (...told) => void seen.push(told) },
    ],
    log,
  );
  await observers.providerError(info, error);
  await observers.turn(info, { state: 'asked' });
  expect(seen).toEqual([
    [info, error],
    [info, { state: 'asked' }],
  ]);
});

test('an observer keeps its own `this`', async () => {
  class Counter {
    count = 0;
    onSessionEnd(): void {
      this.count += 1;
    }
  }
  const counter = new Counter();
  await new Observers([counter], log).ended(info, result);
  expect(counter.count).toBe(1);
});

test.each([
  [
    'throws',
    (): never => {
      throw new Error('boom');
    },
  ],
  ['rejects', () => Promise.reject(new Error('boom'))],
])('an observer that %s is logged, and the next one is still notified', async (_how, fail) => {
  const told = vi.fn<() => void>();
  await new Observers([{ onSessionEnd: fail }, { onSessionEnd: told }], log).ended(info, result);
  expect(told).toHaveBeenCalledOnce();
  expect(log.lines).toMatchObject([
    { level: 'error', message: 'an observer failed', fields: { jobId: 'AJ_1' } },
  ]);
});

test('an observer that hangs is logged after its timeout, and does not block the others', async () => {
  const told = vi.fn<() => void>();
  const hanging = { onSessionEnd: () => new Promise<void>(() => {}) };
  const ended = new Observers([hanging, { onSessionEnd: told }], log).ended(info, result);
  expect(told).toHaveBeenCalledOnce();
  await vi.runAllTimersAsync();
  await ended;
  expect(log.lines).toMatchObject([
    { level: 'warn', message: 'an observer is slow', fields: { hook: 'onSessionEnd' } },
  ]);
});

test('an observer that fails after its timeout is logged, and its rejection is handled', async () => {
  let fail!: (error: Error) => void;
  const hanging = {
    onSessionStart: () =>
      new Promise<void>((_resolve, reject) => {
        fail = reject;
      }),
  };
  const started = new Observers([hanging], log).started(info);
  await vi.runAllTimersAsync();
  await started;
  fail(new Error('boom'));
  await log.until('failed after its timeout');
});

test('without observers, it resolves at once', async () => {
  await new Observers([], log).started(info);
  expect(vi.getTimerCount()).toBe(0);
});

test('no timer is left when the observers are done', async () => {
  await new Observers([{ onSessionEnd: () => {} }], log).ended(info, result);
  expect(vi.getTimerCount()).toBe(0);
});

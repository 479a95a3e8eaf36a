import { expect, test } from 'vitest';

import { deferred } from '../base/deferred.js';
import type { Isolation, Placement } from './isolation-strategy.js';
import type { HangUp } from '../call/hang-up.js';
import { ticketOf } from '../call/ticket.fixture.js';
import { Launcher } from './launcher.js';

const ticket = (jobId: string) => ticketOf({ jobId });
const terminated: HangUp = { reason: 'terminated', deadline: 1 };
const closed: HangUp = { reason: 'pool_closed', deadline: 2 };

function launcherOf(isolation: Isolation): Launcher {
  const launcher = new Launcher();
  launcher.attach(isolation);
  return launcher;
}

function launcher() {
  const runs = new Map<
    string,
    { signal: AbortSignal; end: () => void; fail: (error: unknown) => void }
  >();
  const isolation: Isolation = {
    run: ({ info: { jobId } }, signal) => {
      const { promise, resolve, reject } = deferred();
      runs.set(jobId, { signal, end: resolve, fail: reject });
      return promise;
    },
    async [Symbol.asyncDispose]() {},
  };
  return { launcher: launcherOf(isolation), runs };
}

test('a call runs from its launch to its end', async () => {
  const { launcher: calls, runs } = launcher();
  const running = calls.launch(ticket('AJ_1'));
  expect(calls.jobIds).toEqual(['AJ_1']);
  runs.get('AJ_1')?.end();
  await running;
  expect(calls.jobIds).toEqual([]);
});

test('a call that fails is removed too, and its error is passed on unchanged', async () => {
  const { launcher: calls, runs } = launcher();
  const running = calls.launch(ticket('AJ_1'));
  const error = { code: 'ISOLATION_LOST', message: 'gone' };
  runs.get('AJ_1')?.fail(error);
  await expect(running).rejects.toBe(error);
  expect(calls.jobIds).toEqual([]);
});

test('a strategy that throws instead of rejecting leaves nothing behind', async () => {
  const calls = launcherOf({
    run: () => {
      throw new Error('a bug in a strategy');
    },
    async [Symbol.asyncDispose]() {},
  });
  await expect(calls.launch(ticket('AJ_1'))).rejects.toThrow('a bug in a strategy');
  expect(calls.jobIds).toEqual([]);
});

test('a job is not launched twice, and its first run goes on', async () => {
  const { launcher: calls, runs } = launcher();
  const running = calls.launch(ticket('AJ_1'));
  await expect(calls.launch(ticket('AJ_1'))).rejects.toMatchObject({ code: 'INTERNAL' });
  expect(calls.jobIds).toEqual(['AJ_1']);
  runs.get('AJ_1')?.end();
  await running;
});

test('hangUp() aborts only the named call, with its reason', () => {
  const { launcher: calls, runs } = launcher();
  void calls.launch(ticket('AJ_1'));
  void calls.launch(ticket('AJ_2'));
  expect(calls.hangUp('AJ_1', terminated)).toBe(true);
  expect(runs.get('AJ_1')?.signal.reason).toEqual(terminated);
  expect(runs.get('AJ_2')?.signal.aborted).toBe(false);
  expect(calls.hangUp('AJ_unknown', terminated)).toBe(false);
});

test('hangUpAll() aborts running calls and later ones; the first reason counts', () => {
  const { launcher: calls, runs } = launcher();
  void calls.launch(ticket('AJ_1'));
  calls.hangUp('AJ_1', terminated);
  void calls.launch(ticket('AJ_2'));
  calls.hangUpAll(closed);
  void calls.launch(ticket('AJ_3'));
  expect(['AJ_1', 'AJ_2', 'AJ_3'].map((jobId) => runs.get(jobId)?.signal.reason)).toEqual([
    terminated,
    closed,
    closed,
  ]);
});

const call = { jobId: 'AJ_1', agent: 'a', tenant: 'default', room: 'r' };
const reserving = (answer: unknown) =>
  launcherOf({
    run: async () => {},
    reserve: () => answer as Placement,
    async [Symbol.asyncDispose]() {},
  });

test('a place of the strategy is passed on as it is, and so is a refusal with a known reason', () => {
  const place = { release: () => {} };
  expect(reserving(place).reserve(call)).toBe(place);
  const refusal = { refused: 'busy', message: 'all are busy' } as const;
  expect(reserving(refusal).reserve(call)).toEqual(refusal);
});

test.each(['weird', 'constructor', '__proto__', '', 7, null, {}])(
  'a refusal with the unknown reason %j counts as one of the isolation',
  (refused) => {
    expect(reserving({ refused, message: 'no' }).reserve(call)).toEqual({
      refused: 'isolation',
      message: expect.stringMatching(/^no \(reserve\(\) gave the unknown reason ".*"\)$/),
    });
  },
);

test.each([
  [null, 'got null'],
  [true, 'got a boolean'],
  [{}, 'got an object'],
  [{ release: 5 }, 'got an object'],
  [Promise.resolve({ release: () => {} }), 'got a promise'],
])('an answer of reserve() that is neither refuses the call: %j', (answer, got) => {
  expect(reserving(answer).reserve(call)).toEqual({
    refused: 'isolation',
    message: expect.stringContaining(got),
  });
});

test('a refusal that throws when it is read refuses the call', () => {
  const hostile = {
    get refused(): never {
      throw new Error('not readable');
    },
  };
  expect(reserving(hostile).reserve(call)).toMatchObject({
    refused: 'isolation',
    message: 'reserve() threw: not readable',
  });
});

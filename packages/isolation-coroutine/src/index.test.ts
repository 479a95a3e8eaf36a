import type { IsolationHost, JobTicket } from '@openrtc/core/isolation';
import { expect, test } from 'vitest';

import { coroutine } from './index.js';

const never = new AbortController().signal;
const ticket = { identity: 'agent-AJ_1' } as JobTicket;

/** A host that writes down what it is asked for. */
function fakeHost(overrides: Partial<IsolationHost> = {}) {
  const asked: unknown[] = [];
  const host = {
    prewarm: async (signal: AbortSignal) => void asked.push(['prewarm', signal.aborted]),
    runSession: async (run: JobTicket, signal: AbortSignal) =>
      void asked.push(['run', run, signal]),
    ...overrides,
  } as unknown as IsolationHost;
  return { host, asked };
}

test('opening it loads what calls share, once', async () => {
  const { host, asked } = fakeHost();
  await coroutine().open(host, never);
  expect(asked).toEqual([['prewarm', false]]);
});

test('a prewarm that fails keeps it shut, with its own error', async () => {
  const failure = new Error('no model file');
  const { host } = fakeHost({ prewarm: () => Promise.reject(failure) });
  await expect(coroutine().open(host, never)).rejects.toBe(failure);
});

test('a call runs in the session body of this process, with its ticket and its signal', async () => {
  const { host, asked } = fakeHost();
  const isolation = await coroutine().open(host, never);
  const { signal } = new AbortController();
  await isolation.run(ticket, signal);
  expect(asked.at(-1)).toEqual(['run', ticket, signal]);
});

test('how a call ends is how its session ended', async () => {
  const failure = new Error('the call failed');
  const { host } = fakeHost({ runSession: () => Promise.reject(failure) });
  const isolation = await coroutine().open(host, never);
  await expect(isolation.run(ticket, new AbortController().signal)).rejects.toBe(failure);
});

test('it takes whatever the pool takes: there is no place to run out of', async () => {
  const { host } = fakeHost();
  expect(await coroutine().open(host, never)).not.toHaveProperty('reserve');
});

test('a start that is called off calls off what is being loaded', async () => {
  const start = new AbortController();
  const { host } = fakeHost({
    prewarm: (signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      }),
  });
  const opening = coroutine().open(host, start.signal);
  start.abort(new Error('called off'));
  await expect(opening).rejects.toThrow('called off');
});

test('closing it calls off what is still being loaded', async () => {
  let seen: AbortSignal | undefined;
  const { host } = fakeHost({
    prewarm: async (signal) => {
      seen = signal;
    },
  });
  const isolation = await coroutine().open(host, never);
  await isolation[Symbol.asyncDispose]();
  expect(seen?.aborted).toBe(true);
});

test.each<[unknown, string]>([
  [{ sessionsPerProcess: 1 }, 'coroutine(): unknown option "sessionsPerProcess"; there are none'],
  [null, 'coroutine(): options must be an object, got null'],
  ['fast', 'coroutine(): options must be an object, got a string'],
])('it has no options: %j', (options, message) => {
  expect(() => coroutine(options as never)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID_OPTION', message }),
  );
});

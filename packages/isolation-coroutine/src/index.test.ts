import type { IsolationHost, JobTicket } from '@openrtc/core';
import { expect, test } from 'vitest';

import { coroutine } from './index.js';

const ticket = { jobId: 'AJ_1' } as JobTicket;

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
  await coroutine().open(host);
  expect(asked).toEqual([['prewarm', false]]);
});

test('a prewarm that fails keeps it shut, with its own error', async () => {
  const failure = new Error('no model file');
  const { host } = fakeHost({ prewarm: () => Promise.reject(failure) });
  await expect(coroutine().open(host)).rejects.toBe(failure);
});

test('a call runs in the session body of this process, with its ticket and its signal', async () => {
  const { host, asked } = fakeHost();
  const isolation = await coroutine().open(host);
  const { signal } = new AbortController();
  await isolation.run(ticket, signal);
  expect(asked.at(-1)).toEqual(['run', ticket, signal]);
});

test('how a call ends is how its session ended', async () => {
  const failure = new Error('the call failed');
  const { host } = fakeHost({ runSession: () => Promise.reject(failure) });
  const isolation = await coroutine().open(host);
  await expect(isolation.run(ticket, new AbortController().signal)).rejects.toBe(failure);
});

test('it takes whatever the pool takes: there is no place to run out of', async () => {
  const { host } = fakeHost();
  expect(await coroutine().open(host)).not.toHaveProperty('reserve');
});

test('closing it calls off what is still being loaded', async () => {
  let seen: AbortSignal | undefined;
  const { host } = fakeHost({
    prewarm: async (signal) => {
      seen = signal;
    },
  });
  const isolation = await coroutine().open(host);
  await isolation[Symbol.asyncDispose]();
  expect(seen?.aborted).toBe(true);
});

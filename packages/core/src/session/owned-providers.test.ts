import type { JobContext } from '@livekit/agents';
import { expect, test } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { type CurrentCall, runInCall } from '../sdk/current-call.js';
import { closeOwnedProviders, ownProvider } from './owned-providers.js';
import { SessionEnd } from '../call/session-end.js';

function fakeCall(logger = new LogBook()): CurrentCall {
  const ctx = {} as JobContext;
  return {
    jobId: 'AJ_1',
    agent: 'a',
    tenant: 'default',
    room: 'lobby',
    ctx,
    end: new SessionEnd(),
    logger,
  };
}

class Provider {
  closes = 0;
  async close(): Promise<void> {
    this.closes += 1;
  }
}

class Model {
  closes = 0;
  async aclose(): Promise<void> {
    this.closes += 1;
  }
}

test('a provider that a factory has built for a call is closed with it, once', async () => {
  const call = fakeCall();
  const [tts, llm] = [new Provider(), new Model()];
  runInCall(call, () => [tts, llm].map(ownProvider));
  await closeOwnedProviders(call);
  await closeOwnedProviders(call);
  expect([tts.closes, llm.closes]).toEqual([1, 1]);
});

test('an object that two calls were given is not closed, and a warning is logged', async () => {
  const logger = new LogBook();
  const [first, second] = [fakeCall(logger), fakeCall(logger)];
  const tts = new Provider();
  for (const call of [first, second]) runInCall(call, () => ownProvider(tts));
  await closeOwnedProviders(first);
  await closeOwnedProviders(second);
  expect(tts.closes).toBe(0);
  expect(JSON.stringify(logger)).toContain('same object');
});

test('when closing one provider fails, the others are still closed', async () => {
  const call = fakeCall();
  const broken = { close: () => Promise.reject(new Error('stuck')) };
  const tts = new Provider();
  runInCall(call, () => [broken, tts].map((provider) => ownProvider<object>(provider)));
  await expect(closeOwnedProviders(call)).rejects.toThrow('stuck');
  expect(tts.closes).toBe(1);
});

import type { voice } from '@livekit/agents';
import { afterEach, beforeEach, expect } from 'vitest';

import { EchoAgent, PoolHarness } from '../pool/pool-harness.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import { withoutListeners } from '../worker/process-listeners.fixture.js';
import type { SessionInfo } from '../call/call.js';
import type { SessionFaults } from '../call/session-faults.js';
import type { SessionResult } from '../call/session-result.js';
import type { EmbeddedCall } from '../testing/embedded/embedded-call.js';
import { NOW } from './contained-failures.fixture.js';

let harness: PoolHarness;
let restoreListeners: () => void;

beforeEach(async () => {
  harness = await PoolHarness.start();
  restoreListeners = withoutListeners();
});

afterEach(async () => {
  await harness.close();
  restoreListeners();
});

/** The harness of the current test. */
export const rig = (): PoolHarness => harness;

/** A pool with a faulty agent, and a second call that must not be affected. */
export async function start(
  agent: () => voice.Agent | Promise<voice.Agent>,
  pool: AgentPoolOptions = {},
) {
  const faults = new Map<string, SessionFaults>();
  const witness = {
    onSessionEnd: ({ jobId }: SessionInfo, { faults: counted }: SessionResult) =>
      void faults.set(jobId, counted),
  };
  const started = await harness.registered(
    {
      agents: { faulty: agent, calm: () => new EchoAgent() },
      observers: [harness.ends, witness],
      ...pool,
    },
    { processHandlers: true },
  );
  const calm = await harness.livekit.call({ metadata: { agent: 'calm' } });
  expect(await calm.say('hello')).toBe('You said: hello');
  return { ...started, calm, faults };
}

/** A call that has reached the faulty agent, which greets it if it can. */
export async function reach(byHandOff = false) {
  const call = await harness.livekit.call({ metadata: { agent: 'faulty' } });
  return { call, greeting: byHandOff ? call.say(NOW) : call.nextReply() };
}

/** Speaks again after words that were not answered: the reply belongs to the oldest unanswered words. */
export async function stillThere(call: EmbeddedCall, ...unanswered: Promise<string>[]) {
  const replies = [...unanswered, call.say('still there?')];
  expect(await Promise.race(replies)).toBe('You said: still there?');
  for (const reply of replies) reply.catch(() => {});
}

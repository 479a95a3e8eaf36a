import { voice } from '@livekit/agents';
import { expect } from 'vitest';

import type { RefusalReason } from '../../call/refusal.js';
import { unauthorized } from '../../session/failing-providers.fixture.js';
import type { EmbeddedDispatchOptions } from '../../testing/embedded/embedded-options.js';
import { EchoLLM } from '../../testing/providers/echo-llm.js';
import type { PoolHarness } from '../pool-harness.js';

/** The text of a row whose behaviour is that of Python. */
export const SAME = 'the same';

/** One behaviour of OpenRTC for Python (0.20.1) beside that of this one. */
export interface PythonRow {
  /** What it is about. */
  readonly what: string;
  /** What Python documents, or does where it documents nothing else. */
  readonly python: string;
  /** What OpenRTC for Node does, or {@link SAME}. */
  readonly here: string;
  /** Why it is not the same. */
  readonly differs?: string;
  /** The fault of Python that cannot happen here. */
  readonly fault?: 'B10' | 'B11' | 'B15' | 'B17';
  /** Fails unless `here` is true. */
  readonly proof: (rig: PoolHarness) => void | Promise<void>;
}

/** A pool that takes calls. */
export type Running = Awaited<ReturnType<PoolHarness['registered']>>;

/** An agent without providers of its own. */
export class BareAgent extends voice.Agent {
  constructor() {
    super({ instructions: 'x' });
  }
}

/** A factory of models that answer with a name. */
export const answering = (name: string) => () =>
  new EchoLLM({ reply: (text) => `${name} said: ${text}` });

/** A model whose key is no longer valid. */
export class DeadLLM extends EchoLLM {
  override chat(): never {
    throw unauthorized();
  }
}

let offers = 0;

/** Offers a call, and waits until it was refused for this reason. */
export async function refused(
  { livekit }: PoolHarness,
  { pool }: Running,
  reason: RefusalReason,
  offer: EmbeddedDispatchOptions = {},
): Promise<void> {
  const count = () => pool.runtimeSnapshot().refused[reason] ?? 0;
  const before = count();
  livekit.dispatch({ room: `offer-${(offers += 1)}`, ...offer });
  await expect.poll(count).toBe(before + 1);
}

/** Calls, says something, and returns the answer. The call goes on. */
export async function answerTo(rig: PoolHarness, metadata: object = {}): Promise<string> {
  const call = await rig.livekit.call({ metadata });
  return call.say('hi');
}

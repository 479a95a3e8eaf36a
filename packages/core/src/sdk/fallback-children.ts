import { llm, stt, tts } from '@livekit/agents';

import type { Logger } from '../base/logger.js';
import { type Method, replaceMethods } from './replace-method.js';
import type { ProcessPatch, UndoPatch } from './sdk-patch.js';

/*
 * A fallback adapter goes on with its next provider when one fails. So such a failure is not the end of anything, and an
 * adapter that asks a failed provider again and again, to see whether it is back, does not count each time.
 */

/** What the SDK's fallback adapters have in common. The LLM's has an underscore. */
interface Fallback {
  readonly ttsInstances?: readonly object[];
  readonly sttInstances?: readonly object[];
  readonly llms?: readonly object[];
  readonly status?: readonly Availability[];
  readonly _status?: readonly Availability[];
}

interface Availability {
  readonly available: boolean;
}

const adapters = new WeakMap<object, Fallback>();

/** Learns which providers are inside of a fallback adapter. */
export const fallbackChildrenPatch: ProcessPatch = {
  scope: 'process',
  name: 'fallback-children',
  why: 'The failure of a provider in a fallback adapter counts as one for good, and closes the session after the fourth.',
  versions: '@livekit/agents 1.9',
  apply: noteChildren,
};

const used = [
  [tts.FallbackAdapter.prototype, 'stream'],
  [tts.FallbackAdapter.prototype, 'synthesize'],
  [stt.FallbackAdapter.prototype, 'stream'],
  [stt.FallbackAdapter.prototype, 'recognize'],
  [llm.FallbackAdapter.prototype, 'chat'],
] as const;

function noteChildren(logger: Logger): UndoPatch {
  return replaceMethods(
    logger,
    'the failure of a provider in a fallback adapter counts as one for good',
    used.map(([owner, name]) => ({ owner, name, replace: noting })),
  );
}

function noting(original: Method) {
  return function (this: Fallback, ...args: unknown[]): unknown {
    for (const child of childrenOf(this)) adapters.set(child, this);
    return Reflect.apply(original, this, args);
  };
}

/** The fallback adapter that has used this provider. */
export function fallbackOf(provider: object): object | undefined {
  return adapters.get(provider);
}

/** False when the adapter of this provider has given it up and only asks whether it is back. */
export function isTried(provider: object): boolean {
  const adapter = adapters.get(provider);
  if (adapter === undefined) return true;
  const status = (adapter.status ?? adapter._status)?.[childrenOf(adapter).indexOf(provider)];
  return status?.available !== false;
}

function childrenOf({ ttsInstances, sttInstances, llms }: Fallback): readonly object[] {
  return ttsInstances ?? sttInstances ?? llms ?? [];
}

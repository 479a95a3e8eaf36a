import type { CurrentCall } from './current-call.js';

/** A failure of a provider of which no session hears: of one that is inside another, or that code of the call uses. */
export interface UnheardFailure {
  /** The event, as the SDK's streams emit it on their provider. A plugin may emit anything. */
  readonly event: unknown;
  /** Whether somebody tries again: the SDK, or the adapter that the provider is in with the next provider. */
  readonly recoverable: boolean;
  /** True when words of the caller are lost with it. */
  readonly wordsLost: boolean;
}

type OnFailure = (failure: UnheardFailure) => void;

const listeners = new WeakMap<CurrentCall, OnFailure>();

/** Calls `onFailure` for each such failure in this call, until the call has ended. */
export function watchProviderFailures(call: CurrentCall, onFailure: OnFailure): void {
  listeners.set(call, onFailure);
}

/** Reports a failure to its call. Returns false when the call has ended, or has no session yet. */
export function reportUnheard(call: CurrentCall, failure: UnheardFailure): boolean {
  const onFailure = call.end.outcome === undefined ? listeners.get(call) : undefined;
  onFailure?.(failure);
  return onFailure !== undefined;
}

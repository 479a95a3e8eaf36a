import type { SessionEvent } from './session-event.js';
import type { SessionOutcome } from './session-outcome.js';
import type { UnansweredReason } from './session-turn.js';

/**
 * What a call was worth to its tenant.
 *
 * - `answered`: the last that was asked was answered
 * - `unanswered`: a provider has failed for good, or a turn had no answer, and none was answered since
 * - `failed`: it ended with an error that a provider, its key, or code of the agent caused
 * - `unknown`: nobody has asked anything so far, or the call ended for a reason that says nothing about the tenant
 */
export type CallWorth = 'answered' | 'unanswered' | 'failed' | 'unknown';

// A caller who leaves says nothing about the tenant, and a noise is no question.
const TENANTS_OWN: readonly UnansweredReason[] = ['provider_error', 'hook_error', 'no_reply'];

/** What has happened in a call so far, as far as it says what the call is worth. */
export class CallHistory {
  #last: 'answered' | 'unanswered' | undefined;

  /** The last turn or final error that says something; undefined: none so far. */
  get last(): 'answered' | 'unanswered' | undefined {
    return this.#last;
  }

  /** Notes an event of the call. Returns whether it says something; most do not. */
  add(event: SessionEvent): boolean {
    const said = saidBy(event);
    this.#last = said ?? this.#last;
    return said !== undefined;
  }
}

function saidBy(event: SessionEvent): CallHistory['last'] {
  if (event.kind === 'provider_error') return event.error.recoverable ? undefined : 'unanswered';
  if (event.kind !== 'turn') return undefined;
  const { turn } = event;
  if (turn.state === 'answered') return 'answered';
  return turn.state === 'unanswered' && TENANTS_OWN.includes(turn.reason)
    ? 'unanswered'
    : undefined;
}

/**
 * What a call is worth so far, or was worth. Everything that judges tenants asks this.
 * @param outcome - how the call has ended; undefined while it runs
 */
export function worthOf({ last }: CallHistory, outcome?: SessionOutcome): CallWorth {
  if (outcome?.status === 'failed' && ['provider', 'agent'].includes(outcome.causedBy))
    return 'failed';
  return last ?? 'unknown';
}

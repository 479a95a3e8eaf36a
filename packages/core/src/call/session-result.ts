import type { ProviderUsage } from './provider-usage.js';
import type { SessionFaults } from './session-faults.js';
import type { SessionOutcome } from './session-outcome.js';
import type { SessionTurns } from './session-turn.js';

/** The outcome of a call with everything that was counted in it, as plain data. */
export interface SessionResult extends SessionOutcome {
  /** Milliseconds since the assignment, by the monotonic clock. */
  readonly durationMs: number;
  /** Failures that did not end the call. */
  readonly faults: SessionFaults;
  /** The turns of the caller. A call with turns of which none was answered may be a success all the same. */
  readonly turns: SessionTurns;
  /** Its use of providers, as the SDK counts it. */
  readonly usage: readonly ProviderUsage[];
}

import type { SessionOutcome } from './session-outcome.js';
import type { SessionResult } from './session-result.js';

/** The result of a call in which nothing was counted, but for what is given. */
export function resultOf(
  outcome: SessionOutcome,
  counted: Partial<Omit<SessionResult, keyof SessionOutcome>> = {},
): SessionResult {
  return {
    ...outcome,
    durationMs: 0,
    faults: { hookErrors: 0, toolErrors: 0, providerErrors: 0, providers: [] },
    turns: { asked: 0, answered: 0, interrupted: 0, unanswered: 0, lastUnanswered: null },
    usage: [],
    ...counted,
  };
}

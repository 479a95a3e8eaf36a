import { type ErrorCode, type PlainError, toPlainError } from '../base/errors.js';
import type { SessionOutcome } from '../call/session-outcome.js';

/** What the end of a call sets in motion. */
export interface SettlementActions {
  /** Sends the final job status to LiveKit; resolves when the server has it. */
  sendFinal(outcome: SessionOutcome): Promise<void>;
  /** Removes the participant a dead process left in the room. */
  removeGhost(): Promise<void>;
  /** Frees the place and counts. */
  done(outcome: SessionOutcome): void;
}

/**
 * The end of one call, exactly once. Normally the session says `ending` while it is still in its room,
 * and its promise settles after it has left; when it died first, its promise alone tells.
 */
export class Settlement {
  readonly #actions: SettlementActions;
  #outcome: SessionOutcome | undefined;
  #finalSent: Promise<void> | undefined;
  #done = false;

  constructor(actions: SettlementActions) {
    this.#actions = actions;
  }

  /** The session is about to leave its room; resolves when LiveKit has the final status. */
  async ending(outcome: SessionOutcome): Promise<void> {
    this.#outcome ??= outcome;
    this.#finalSent ??= this.#actions.sendFinal(this.#outcome);
    await this.#finalSent;
  }

  /** The session's promise settled: with an error when the call failed. */
  async settled(error?: { readonly reason: unknown }): Promise<void> {
    if (this.#done) return;
    this.#done = true;
    const outcome = (this.#outcome ??=
      error === undefined ? silentEnd : failedWith(toPlainError(error.reason)));
    this.#actions.done(outcome);
    const lost = error !== undefined && LOST.has(toPlainError(error.reason).code);
    await Promise.all([
      (this.#finalSent ??= this.#actions.sendFinal(outcome)),
      lost ? this.#actions.removeGhost() : undefined,
    ]);
  }
}

// The session could not leave its room itself.
const LOST: ReadonlySet<string> = new Set<ErrorCode>([
  'ISOLATION_LOST',
  'ISOLATION_MEMORY_LIMIT',
  'ISOLATION_STUCK',
]);

// A strategy that resolves without having relayed `ending` has ended the call, we do not know how.
const silentEnd: SessionOutcome = { status: 'success', reason: 'agent_shutdown' };

function failedWith(error: PlainError): SessionOutcome {
  return { status: 'failed', reason: 'failed', detail: error.message, error };
}

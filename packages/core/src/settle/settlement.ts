import { JobStatus } from '@livekit/protocol';

import { type ErrorCode, toPlainError } from '../base/errors.js';
import { failureOf, outcomeOf, type SessionOutcome } from '../call/session-outcome.js';

/** The actions that follow the end of a call. */
export interface SettlementActions {
  /** Sends the final job status to LiveKit; resolves when the server has it. */
  sendFinal(outcome: SessionOutcome): Promise<void>;
  /** Removes the participant that a dead process left in the room. */
  removeGhost(): Promise<void>;
  /** Frees the place of the call and counts its outcome. */
  done(outcome: SessionOutcome): void;
}

/**
 * Handles the end of one call, exactly once. Normally the session reports `ending` while it is still in its room, and
 * its promise settles after it has left. When its process died first, only the promise settles.
 */
export class Settlement {
  readonly #actions: SettlementActions;
  #outcome: SessionOutcome | undefined;
  #finalSent: Promise<void> | undefined;
  #done = false;

  constructor(actions: SettlementActions) {
    this.#actions = actions;
  }

  /** Call it when the session is about to leave its room. Resolves when LiveKit has the final status. */
  async ending(outcome: SessionOutcome): Promise<void> {
    this.#outcome ??= outcome;
    this.#finalSent ??= this.#actions.sendFinal(this.#outcome);
    await this.#finalSent;
  }

  /** Call it when the promise of the session has settled, with the error when it rejected. */
  async settled(error?: { readonly reason: unknown }): Promise<void> {
    if (this.#done) return;
    this.#done = true;
    const outcome = (this.#outcome ??=
      error === undefined ? silentEnd : failureOf(toPlainError(error.reason)));
    this.#actions.done(outcome);
    const lost = error !== undefined && LOST.has(toPlainError(error.reason).code);
    await Promise.all([
      (this.#finalSent ??= this.#actions.sendFinal(outcome)),
      lost ? this.#actions.removeGhost() : undefined,
    ]);
  }
}

// After these errors the session could not leave its room itself.
const LOST: ReadonlySet<string> = new Set<ErrorCode>([
  'ISOLATION_LOST',
  'ISOLATION_MEMORY_LIMIT',
  'ISOLATION_STUCK',
]);

// A strategy that resolves without having reported `ending` has ended the call, for an unknown reason.
const silentEnd = outcomeOf('agent_shutdown');

/**
 * Converts the outcome of a call to the job status of the worker protocol. A cancelled call does not count as failed.
 */
export function finalStatus({ status, error, detail }: SessionOutcome): {
  status: JobStatus.JS_SUCCESS | JobStatus.JS_FAILED;
  error: string;
} {
  if (status !== 'failed') return { status: JobStatus.JS_SUCCESS, error: '' };
  return { status: JobStatus.JS_FAILED, error: `${error?.code ?? 'INTERNAL'}: ${detail ?? ''}` };
}

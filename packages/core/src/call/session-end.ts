import { deferred } from '../base/deferred.js';
import { type OpenRtcError, toPlainError } from '../base/errors.js';
import { type SessionEndReason, type SessionOutcome, statusOf } from './session-outcome.js';

/** Thrown inside the session body to leave a step because the call has ended meanwhile. */
export class CallEnded extends Error {
  override readonly name = 'CallEnded';
}

/** The end of one call: many things can cause it, the first one counts. */
export class SessionEnd {
  readonly #reached = deferred<SessionOutcome>();
  #outcome: SessionOutcome | undefined;
  #error: OpenRtcError | undefined;

  /** Resolves with the outcome once there is one. Never rejects. */
  get reached(): Promise<SessionOutcome> {
    return this.#reached.promise;
  }

  get outcome(): SessionOutcome | undefined {
    return this.#outcome;
  }

  /** What a failed call failed with. */
  get error(): OpenRtcError | undefined {
    return this.#error;
  }

  /** The call is over for a reason that is no fault. */
  because(reason: Exclude<SessionEndReason, 'failed'>, detail?: string): void {
    this.#set({ status: statusOf(reason), reason, ...(detail ? { detail } : {}) });
  }

  /** The call is over because something failed. */
  failed(error: OpenRtcError): void {
    if (this.#outcome !== undefined) return;
    this.#error = error;
    this.#set({
      status: 'failed',
      reason: 'failed',
      detail: error.message,
      error: toPlainError(error),
    });
  }

  /** Waits for `work`, or throws {@link CallEnded} as soon as the call has ended. */
  async orEnded<T>(work: Promise<T>): Promise<T> {
    const ended = this.reached.then(() => {
      throw new CallEnded();
    });
    return Promise.race([work, ended]);
  }

  #set(outcome: SessionOutcome): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#reached.resolve(outcome);
  }
}

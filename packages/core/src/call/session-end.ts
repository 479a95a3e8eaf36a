import { deferred } from '../base/deferred.js';
import { type OpenRtcError, toPlainError } from '../base/errors.js';
import { type SessionEndReason } from './end-reason.js';
import { failureOf, outcomeOf, type SessionOutcome } from './session-outcome.js';

/** Thrown in the session body to leave a step of a call that has ended. */
export class CallEnded extends Error {
  override readonly name = 'CallEnded';
}

/** The end of one call. Many things can cause it; the first one counts. */
export class SessionEnd {
  readonly #reached = deferred<SessionOutcome>();
  #outcome: SessionOutcome | undefined;
  #error: OpenRtcError | undefined;

  /** Resolves with the outcome when the call ends. Never rejects. */
  get reached(): Promise<SessionOutcome> {
    return this.#reached.promise;
  }

  /** The outcome; undefined while the call goes on. */
  get outcome(): SessionOutcome | undefined {
    return this.#outcome;
  }

  /** The error of a failed call; undefined for any other. */
  get error(): OpenRtcError | undefined {
    return this.#error;
  }

  /** Ends the call for a reason other than a failure. Does nothing when it has ended already. */
  because(reason: Exclude<SessionEndReason, 'failed'>, detail?: string): void {
    this.#set(outcomeOf(reason, detail));
  }

  /** Ends the call with an error. Does nothing when it has ended already. */
  failed(error: OpenRtcError): void {
    if (this.#outcome !== undefined) return;
    this.#error = error;
    this.#set(failureOf(toPlainError(error)));
  }

  /**
   * Waits for `work`.
   * @throws CallEnded as soon as the call has ended.
   */
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

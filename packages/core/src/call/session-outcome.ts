import type { PlainError } from '../base/errors.js';
import { type Cause, causeOf } from './caused-by.js';
import { type SessionEndReason, type SessionStatus, statusOf } from './end-reason.js';

/** The outcome of a call, as plain data. */
export interface SessionOutcome {
  /** The result; it follows from the reason. */
  readonly status: SessionStatus;
  /** The reason why the call ended. */
  readonly reason: SessionEndReason;
  /** Who or what caused the end. It follows from the reason, or from the code of the error. */
  readonly causedBy: Cause;
  /** The reason passed to `ctx.shutdown(reason)`, or the message of the error; absent when there is neither. */
  readonly detail?: string;
  /** The error; present only when the call failed. */
  readonly error?: PlainError;
}

/** The outcome of a call that ended for a reason other than a failure. */
export function outcomeOf(
  reason: Exclude<SessionEndReason, 'failed'>,
  detail?: string,
): SessionOutcome {
  const outcome = { status: statusOf(reason), reason, causedBy: causeOf(reason) };
  return detail === undefined || detail === '' ? outcome : { ...outcome, detail };
}

/** The outcome of a call that failed. */
export function failureOf(error: PlainError): SessionOutcome {
  const causedBy = causeOf('failed', error.code);
  return { status: 'failed', reason: 'failed', causedBy, detail: error.message, error };
}

import type { SessionEndReason } from './end-reason.js';

/** A request to end a call, as plain data. */
export interface HangUp {
  /** The reason, which becomes the reason of the call's {@link SessionOutcome}. */
  readonly reason: Exclude<SessionEndReason, 'failed'>;
  /** The time by which the call must be over, Unix time in milliseconds. After it the call is abandoned. */
  readonly deadline: number;
}

/** A signal that aborts when the call must end. */
export interface HangUpSignal extends AbortSignal {
  /** The request to end the call; undefined until the signal aborts. */
  readonly reason: HangUp | undefined;
}

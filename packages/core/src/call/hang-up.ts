import type { SessionEndReason } from './session-outcome.js';

/** Why a call must end, and by when. Plain data. */
export interface HangUp {
  readonly reason: Exclude<SessionEndReason, 'failed'>;
  /** Unix time in milliseconds after which the call is abandoned. */
  readonly deadline: number;
}

/** Aborts when the call must end; its reason says why. */
export interface HangUpSignal extends AbortSignal {
  /** Undefined until the signal aborts. */
  readonly reason: HangUp | undefined;
}

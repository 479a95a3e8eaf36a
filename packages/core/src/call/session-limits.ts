/** How long a call may stay in each state, in milliseconds. */
export interface SessionLimits {
  /**
   * From the assignment to the agent in its room, with its session started. Default 20 000. A caller who
   * hears nothing for that long is gone, and a room that is gone would be made anew by joining it.
   */
  readonly joinTimeoutMs: number;
  /**
   * How long a room may be without a caller, from the join on; without its participant, when the job is
   * for one. Default 60 000; 0 for no limit.
   */
  readonly emptyRoomGraceMs: number;
  /** Longest call. Default 14 400 000 (4 h); 0 for no limit. */
  readonly maxSessionDurationMs: number;
}

export const defaultSessionLimits: SessionLimits = {
  joinTimeoutMs: 20_000,
  emptyRoomGraceMs: 60_000,
  maxSessionDurationMs: 4 * 60 * 60 * 1_000,
};

// The user's setup() runs while the caller waits.
export const SETUP_MS = 10_000;
// AgentSession.close() can hang when the caller vanished before the agent's track was subscribed.
export const CLOSE_MS = 10_000;
// The pool answers in a round trip to LiveKit; a worker that is cut off must still leave its rooms.
export const ENDING_MS = 1_000;
export const REPORT_MS = 10_000;
export const DISCONNECT_MS = 10_000;
export const SHUTDOWN_CALLBACK_MS = 10_000;
/**
 * How long `onUserTurnCompleted` may keep the caller waiting. A caller waits for a few seconds; this is
 * what a look-up that retries takes.
 */
export const HOOK_MS = 30_000;

/** Time limits of a call, in milliseconds. */
export interface SessionLimits {
  /**
   * The maximum time from the assignment until the agent has joined its room and its session has started. Default:
   * 20 000. After that the call fails: its caller has most likely left, and joining would create the room again.
   */
  readonly joinTimeoutMs: number;
  /**
   * How long a room may be without a caller after the agent has joined; for a job of a participant, without that
   * participant. Default: 60 000. 0: no limit.
   */
  readonly emptyRoomGraceMs: number;
  /** The maximum duration of a call. Default: 14 400 000 (4 h). 0: no limit. */
  readonly maxSessionDurationMs: number;
}

/** The defaults of {@link SessionLimits}. */
export const defaultSessionLimits: SessionLimits = {
  joinTimeoutMs: 20_000,
  emptyRoomGraceMs: 60_000,
  maxSessionDurationMs: 4 * 60 * 60 * 1_000,
};

/** Time box of the pool's `setup()`: the caller waits for it. */
export const SETUP_MS = 10_000;
/** Time box of `AgentSession.close()`: it can hang when the caller left before the agent's track was subscribed. */
export const CLOSE_MS = 10_000;
/** Time box of the last reports to the pool: a worker without a connection to LiveKit must still leave its rooms. */
export const ENDING_MS = 1_000;
/** Time box of the session report that the SDK makes at the end. */
export const REPORT_MS = 10_000;
/** Time box of leaving a room that is still being joined; it is left after that, when the join is done. */
export const JOINING_MS = 1_000;
/** Time box of leaving the room. */
export const DISCONNECT_MS = 10_000;
/** Time box of each callback added by `ctx.addShutdownCallback()`. */
export const SHUTDOWN_CALLBACK_MS = 10_000;
/** Time box of `onUserTurnCompleted`: the caller waits for it, and it may include a look-up with retries. */
export const HOOK_MS = 30_000;

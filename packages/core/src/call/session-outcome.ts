import type { PlainError } from '../base/errors.js';

/** How a call ended, in one word. A cancelled call was healthy and was cut by its worker. */
export type SessionStatus = 'success' | 'failed' | 'cancelled';

/**
 * Why a call ended.
 *
 * - `caller_left`: the linked participant hung up, or the session closed for that reason; or the
 *   participant a job is for was away for `emptyRoomGraceMs`
 * - `agent_shutdown`: the agent's code ended it (`ctx.shutdown()`, `session.shutdown()`, `session.close()`)
 * - `room_closed`: the room was deleted or the agent was removed from it (a connection that was lost is `failed`)
 * - `terminated`: LiveKit ended the job (a deleted dispatch)
 * - `empty_room`: nobody was in the room for `emptyRoomGraceMs`
 * - `max_duration`: the call reached `maxSessionDurationMs`
 * - `drain_timeout`, `pool_closed`: the worker cut the call
 * - `failed`: see the error
 */
export type SessionEndReason =
  | 'caller_left'
  | 'agent_shutdown'
  | 'room_closed'
  | 'terminated'
  | 'empty_room'
  | 'max_duration'
  | 'drain_timeout'
  | 'pool_closed'
  | 'failed';

/** How a call ended: plain data. */
export interface SessionOutcome {
  readonly status: SessionStatus;
  readonly reason: SessionEndReason;
  /** What `ctx.shutdown(reason)` was given, or the words of the error. */
  readonly detail?: string;
  /** Only of a failed call. */
  readonly error?: PlainError;
}

/** The status that belongs to a reason. */
export function statusOf(reason: SessionEndReason): SessionStatus {
  switch (reason) {
    case 'caller_left':
    case 'agent_shutdown':
    case 'room_closed':
    case 'terminated':
    case 'empty_room':
    case 'max_duration':
      return 'success';
    case 'drain_timeout':
    case 'pool_closed':
      return 'cancelled';
    case 'failed':
      return 'failed';
  }
}

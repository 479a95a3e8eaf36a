/** The result of a call. `cancelled`: the worker ended a call that was not failing. */
export type SessionStatus = 'success' | 'failed' | 'cancelled';

/**
 * The reason why a call ended.
 *
 * - `caller_left`: the linked participant hung up, or the session closed for that reason; or the
 *   participant a job is for was away for `emptyRoomGraceMs`
 * - `agent_shutdown`: code of the agent ended it (`ctx.shutdown()`, `session.shutdown()`, `session.close()`,
 *   `ctx.room.disconnect()`)
 * - `room_closed`: the room was deleted or the agent was removed from it (a lost connection is `failed`)
 * - `terminated`: LiveKit ended the job, for example because its dispatch was deleted
 * - `empty_room`: nobody was in the room for `emptyRoomGraceMs`
 * - `max_duration`: the call reached `maxSessionDurationMs`
 * - `drain_timeout`: the call was still live when `drainTimeoutMs` had passed
 * - `pool_closed`: the pool was closed during the call
 * - `failed`: an error ended the call, see {@link SessionOutcome.error}
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

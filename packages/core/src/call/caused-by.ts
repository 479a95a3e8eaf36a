import type { ErrorCode } from '../base/errors.js';
import type { SessionEndReason } from './end-reason.js';

/**
 * Who or what caused the end of a call.
 *
 * - `caller`: the caller, or whoever called on their behalf
 * - `room`: somebody deleted the room, or removed the agent from it
 * - `livekit`: LiveKit itself
 * - `network`: the way between the worker and LiveKit
 * - `provider`: a provider of the call, such as its LLM, with its key
 * - `agent`: code of the agent or of the pool's owner
 * - `host`: the machine or container, for instance its memory
 * - `worker`: the worker
 */
export type Cause =
  | 'caller'
  | 'room'
  | 'livekit'
  | 'network'
  | 'provider'
  | 'agent'
  | 'host'
  | 'worker';

type CallCode = Extract<
  ErrorCode,
  `SESSION_${string}` | `ISOLATION_${string}` | 'CONFIG_UNKNOWN_AGENT'
>;

const ENDS: Readonly<Record<Exclude<SessionEndReason, 'failed'>, Cause>> = {
  caller_left: 'caller',
  agent_shutdown: 'agent',
  room_closed: 'room',
  terminated: 'livekit',
  empty_room: 'caller',
  max_duration: 'worker',
  drain_timeout: 'worker',
  pool_closed: 'worker',
};

const FAILURES: Readonly<Record<CallCode, Cause>> = {
  // The process of the call has not registered it.
  CONFIG_UNKNOWN_AGENT: 'agent',
  SESSION_AGENT_FAILED: 'agent',
  SESSION_AGENT_REUSED: 'agent',
  SESSION_PROVIDER_FAILED: 'provider',
  SESSION_TENANT_FAILED: 'provider',
  SESSION_SETUP_FAILED: 'agent',
  SESSION_FOREIGN_HOST: 'livekit',
  SESSION_JOIN_FAILED: 'network',
  // A worker that is too slow to join is no use to the next caller either.
  SESSION_JOIN_TIMEOUT: 'host',
  SESSION_WRONG_ROOM: 'room',
  SESSION_CONNECTION_LOST: 'network',
  SESSION_START_FAILED: 'agent',
  SESSION_CLOSED_WITH_ERROR: 'provider',
  SESSION_UNCAUGHT: 'agent',
  SESSION_EXIT: 'agent',
  SESSION_HOOK_TIMEOUT: 'agent',
  ISOLATION_LOST: 'host',
  ISOLATION_MEMORY_LIMIT: 'agent',
  ISOLATION_STUCK: 'agent',
  ISOLATION_START_FAILED: 'host',
  ISOLATION_CLOSED: 'worker',
};

/** The table above as one, for its test and its place in the docs. */
export const causes: Readonly<Record<string, Cause>> = { ...ENDS, ...FAILURES };

/**
 * What caused the end of a call.
 * @param code - the code of the error of a failed call; one that is not of OpenRTC comes from a strategy, so it is the
 * worker's
 */
export function causeOf(reason: SessionEndReason, code?: string): Cause {
  if (reason !== 'failed') return ENDS[reason];
  return code !== undefined && Object.hasOwn(FAILURES, code)
    ? FAILURES[code as CallCode]
    : 'worker';
}

/** Whether failures with this cause count towards `consecutiveFailureLimit`: another worker would not have had them. */
export function countsAgainstWorker(cause: Cause): boolean {
  return cause === 'host' || cause === 'worker';
}

/**
 * Why a call was refused, as counted in {@link RuntimeSnapshot.refused}.
 *
 * - `unknown_agent`: the call names an agent that is not registered
 * - `invalid_tenant`: the tenant in the metadata cannot be used
 * - `router_failed`: the pool's `router` threw, returned something else than a name, or took too long
 * - `full`: `maxConcurrentSessions` calls are accepted or live
 * - `busy`: the event loops that run calls carry no more, see `maxEventLoopLagMs`
 * - `draining`: the worker takes no more calls
 * - `duplicate`: the worker has this job already
 * - `isolation`: the strategy has no place for it, or its `reserve()` threw
 * - `too_slow`: the answer was not ready within 1 s
 */
export type RefusalReason =
  | 'unknown_agent'
  | 'invalid_tenant'
  | 'router_failed'
  | 'full'
  | 'busy'
  | 'draining'
  | 'duplicate'
  | 'isolation'
  | 'too_slow';

/** Why a call is not taken. LiveKit offers it to another worker. */
export interface Refusal {
  readonly refused: RefusalReason;
  /** For the log. It may contain names chosen by the caller, made printable. */
  readonly message: string;
}

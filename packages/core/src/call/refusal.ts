/**
 * The reason why the worker refused a call, as counted in {@link RuntimeSnapshot.refused}.
 *
 * - `unknown_agent`: the call names an agent that is not registered
 * - `invalid_tenant`: the tenant in the metadata is not a valid name
 * - `invalid_metadata`: the metadata of the job or the room is an object that cannot be read: invalid JSON, too large,
 *   nested too deep, encoded twice, in an array
 * - `invalid_signature`: the pool has a `metadataSecret`, and the metadata names an agent or a tenant without a valid
 *   signature
 * - `unknown_tenant`: the tenant has no configuration (`tenants`, `unknownTenant`)
 * - `tenant_failed`: the configuration of the tenant cannot be found or used
 * - `tenant_incomplete`: the tenant has no provider of its own that the call needs, and may not use that of the pool
 * - `agent_not_allowed`: the tenant may not call this agent
 * - `router_failed`: the pool's `router` threw, did not return a name, or took too long
 * - `full`: there are already `maxConcurrentSessions` calls, accepted ones included
 * - `agent_full`: the agent has as many calls as `maxSessionsPerAgent` allows, accepted ones included
 * - `tenant_full`: the tenant has as many calls as `maxSessionsPerTenant` allows, accepted ones included
 * - `tenant_rate`: the tenant has had as many calls within the last minute as it may have (`maxCallsPerMinute`)
 * - `breaker_open`: too many of the last calls of the tenant had no answer (`breaker`)
 * - `quarantined`: calls with the same agent, tenant and metadata have failed again and again (`quarantine`)
 * - `busy`: the event loops that run calls are overloaded (`maxEventLoopLagMs`), or the memory has no room for one more
 *   call (`maxMemoryMb`)
 * - `draining`: the worker is draining and takes no more calls
 * - `duplicate`: the worker already has this job
 * - `isolation`: the isolation strategy has no room for the call, or its `reserve()` threw or gave no valid answer
 * - `unregistered_room`: neither the metadata nor the name of the room names an agent (`acceptOnlyRegisteredRooms`)
 * - `filtered`: the pool's `requestFilter` refused it
 * - `filter_failed`: the `requestFilter` threw, gave no valid answer, or took too long
 * - `room_gone`: the room was deleted, and only an agent that joined it too late has created it again
 * - `too_slow`: the answer was not ready within 1 s
 * - `internal`: an error in the worker, which its log has, or an agent with more attributes than LiveKit takes
 */
export type RefusalReason =
  | 'unknown_agent'
  | 'invalid_tenant'
  | 'invalid_metadata'
  | 'invalid_signature'
  | 'unknown_tenant'
  | 'tenant_failed'
  | 'tenant_incomplete'
  | 'agent_not_allowed'
  | 'router_failed'
  | 'full'
  | 'agent_full'
  | 'tenant_full'
  | 'tenant_rate'
  | 'breaker_open'
  | 'quarantined'
  | 'busy'
  | 'draining'
  | 'duplicate'
  | 'isolation'
  | 'unregistered_room'
  | 'filtered'
  | 'filter_failed'
  | 'room_gone'
  | 'too_slow'
  | 'internal';

/** The refusal of a call. LiveKit then offers it to another worker. */
export interface Refusal {
  /** The reason, for metrics. */
  readonly refused: RefusalReason;
  /** The explanation, for the log. It may contain names chosen by the caller, made printable. */
  readonly message: string;
}

const known: Readonly<Record<RefusalReason, true>> = {
  unknown_agent: true,
  invalid_tenant: true,
  invalid_metadata: true,
  invalid_signature: true,
  unknown_tenant: true,
  tenant_failed: true,
  tenant_incomplete: true,
  agent_not_allowed: true,
  router_failed: true,
  full: true,
  agent_full: true,
  tenant_full: true,
  tenant_rate: true,
  breaker_open: true,
  quarantined: true,
  busy: true,
  draining: true,
  duplicate: true,
  isolation: true,
  unregistered_room: true,
  filtered: true,
  filter_failed: true,
  room_gone: true,
  too_slow: true,
  internal: true,
};

/** True for a {@link RefusalReason}. The code of strategies may give another word. */
export function isRefusalReason(value: unknown): value is RefusalReason {
  return typeof value === 'string' && Object.hasOwn(known, value);
}

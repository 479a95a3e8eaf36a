/** Options of `startEmbeddedLiveKit()`. The defaults are LiveKit's own numbers. */
export interface EmbeddedLiveKitOptions {
  /** Workers at or above this load get no jobs. Default: 0.7. */
  targetLoad?: number;
  /** The time all workers have together to answer an offer, in milliseconds. Default: 3000. */
  availabilityTimeoutMs?: number;
  /** How long a room outlives its last caller, in milliseconds. Default: 20 000. */
  departureTimeoutMs?: number;
  /** How long an agent whose connection broke stays visible, in milliseconds. Default: 20 000. */
  participantTimeoutMs?: number;
}

/** Options of `EmbeddedLiveKit.dispatch()`. Objects become JSON. */
export interface EmbeddedDispatchOptions {
  /** Name of the room; made when there is none. Default: a new random one. */
  room?: string;
  /** Room metadata; ignored when the room exists. Default: empty. */
  metadata?: string | object;
  /** Set: explicit dispatch to workers of that name. Unset: automatic, to workers without one. */
  agentName?: string;
  /** Default: empty. */
  jobMetadata?: string | object;
}

/** Options of `EmbeddedLiveKit.call()`. */
export interface EmbeddedCallerOptions extends EmbeddedDispatchOptions {
  /** The caller's identity. Default: a new random one. */
  identity?: string;
  /** The caller's attributes. Default: none. */
  attributes?: Record<string, string>;
  /** How long to wait for the agent to join, and then to listen, in milliseconds. Default: 10 000. */
  joinTimeoutMs?: number;
}

/** A room as it was when asked for: plain data. */
export interface EmbeddedRoomSnapshot {
  readonly name: string;
  readonly sid: string;
  /** Callers and agents, in the order they came. */
  readonly identities: readonly string[];
}

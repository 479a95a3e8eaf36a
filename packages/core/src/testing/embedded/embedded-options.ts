/** Options of `startEmbeddedLiveKit()`. The defaults are those of LiveKit. */
export interface EmbeddedLiveKitOptions {
  /** Workers with this load or more get no jobs. 0 to 1. Default: 0.7. */
  targetLoad?: number;
  /** Time that all workers together have to answer an offer, in milliseconds. Default: 3000. */
  availabilityTimeoutMs?: number;
  /** How long a room stays open after its last caller has left, in milliseconds. Default: 20 000. */
  departureTimeoutMs?: number;
  /** How long an agent stays visible after its connection broke, in milliseconds. Default: 20 000. */
  participantTimeoutMs?: number;
}

/** Options of `EmbeddedLiveKit.dispatch()`. Metadata objects become JSON. */
export interface EmbeddedDispatchOptions {
  /** Name of the room, which is created if it does not exist. Default: a random name. */
  room?: string;
  /** Metadata of the room; ignored if the room exists. Default: empty. */
  metadata?: string | object;
  /** Explicit dispatch to workers with that agent name. Default: automatic dispatch to workers without one. */
  agentName?: string;
  /** Metadata of the job. Default: empty. */
  jobMetadata?: string | object;
}

/** Options of `EmbeddedLiveKit.call()`. */
export interface EmbeddedCallerOptions extends EmbeddedDispatchOptions {
  /** The caller's identity. Default: a random one. */
  identity?: string;
  /** The caller's attributes. Default: none. */
  attributes?: Record<string, string>;
  /** How long to wait for the agent to join, and later to listen, in milliseconds. Default: 10 000. */
  joinTimeoutMs?: number;
}

/** The state of a room at one moment, as plain data. */
export interface EmbeddedRoomSnapshot {
  /** Name of the room. */
  readonly name: string;
  /** LiveKit's id of the room. */
  readonly sid: string;
  /** Identities of callers and agents, in the order they joined. */
  readonly identities: readonly string[];
}

/** Metadata as text; an object becomes JSON. */
export function textOf(metadata: string | object = ''): string {
  return typeof metadata === 'string' ? metadata : JSON.stringify(metadata);
}

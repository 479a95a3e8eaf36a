import type { JobParticipant } from './job-participant.js';

/** The values of a metadata object: own properties only, no prototype behind them, frozen. */
export type MetadataValues = Readonly<Record<string, unknown>>;

/** A call before it runs: admission and {@link Isolation.reserve} decide on it. */
export interface Call {
  /** LiveKit's id of the job, e.g. `AJ_x7…`: unique, and the key of everything about the call. */
  readonly jobId: string;
  /** Name of the registered agent that answers. */
  readonly agent: string;
  /** Tenant named in the metadata; `default` when none is named. */
  readonly tenant: string;
  /** Name of the room. The caller's side chooses it: never use it as a path or a metric label. */
  readonly room: string;
}

/**
 * Facts about one call, as plain data. There is one such object per call: observers, factories, `setup()` and
 * snapshots show the same facts, in every isolation mode.
 *
 * `Metadata` is the shape your dispatches send. It is not checked: whoever may dispatch decides what is in it.
 */
export interface SessionInfo<Metadata extends object = MetadataValues> extends Call {
  /** Room metadata with job metadata merged over it, when they are JSON objects; else empty. */
  readonly metadata: Readonly<Metadata>;
  /** The participant the job is for; absent when it is for a room. See the pool option `jobTypes`. */
  readonly participant?: JobParticipant;
  /** When LiveKit assigned the call, Unix time in milliseconds. */
  readonly startedAt: number;
}

/** A call as code sees it that runs where its session runs. */
export interface PrewarmedCall<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
> extends SessionInfo<Metadata> {
  /** The values that the pool's `prewarm` loaded: `ctx.proc.userData`, one object for all calls of the process. */
  readonly prewarmed: Prewarmed;
}

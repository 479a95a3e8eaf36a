import type { JobParticipant } from './job-participant.js';

/** The values of a metadata object: own properties only, without a prototype, frozen. */
export type MetadataValues = Readonly<Record<string, unknown>>;

/** A call before it runs, as admission and {@link Isolation.reserve} see it. */
export interface Call {
  /** The id of the job at LiveKit, e.g. `AJ_x7…`. Unique; it identifies the call everywhere. */
  readonly jobId: string;
  /** The name of the registered agent that answers. */
  readonly agent: string;
  /** The tenant named in the metadata; `default` when it names none. */
  readonly tenant: string;
  /** The name of the room. The caller's side may choose it: never use it as a path or a metric label. */
  readonly room: string;
}

/**
 * The description of one call, as plain data. Observers, factories and `setup()` all see the same one, whatever the
 * isolation. Snapshots have it without `metadata` and `participant`.
 *
 * `Metadata` is the type of the metadata your dispatches send. It is not checked at run time: anyone who may
 * dispatch can send anything.
 */
export interface SessionInfo<Metadata extends object = MetadataValues> extends Call {
  /** The room metadata with the job metadata merged over it. Metadata that is not a JSON object counts as empty. */
  readonly metadata: Readonly<Metadata>;
  /** The participant the job is for; absent for a job of type `room`. See the pool option `jobTypes`. */
  readonly participant?: JobParticipant;
  /** The time when LiveKit assigned the call, Unix time in milliseconds. */
  readonly startedAt: number;
}

/** A call as factories and `setup()` see it, where its session runs. */
export interface PrewarmedCall<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
> extends SessionInfo<Metadata> {
  /** The values loaded by the pool's `prewarm`, the same as `ctx.proc.userData`. All calls of a process share them. */
  readonly prewarmed: Prewarmed;
}

import type { AuditEvent } from './audit-event.js';

/** A file to which events are appended, one line of JSON each. Only the user of the worker can read it. */
export interface AuditFileSink {
  /** Its path. Directories are created. The start fails if it cannot be written, or holds something else. */
  file: string;
  /** Size in MiB above which it is renamed to `….1`, and that file to `….2`. Default: 64. */
  maxFileMb?: number;
  /** How many renamed files are kept. 0: no rotation. Default: 10. */
  keepFiles?: number;
  /**
   * Whether an event counts as written only when it is on the disk, so that it survives a power failure.
   * Default: false, it survives the end of the process.
   */
  fsync?: boolean;
}

/** A server that gets events as lines of JSON (`application/x-ndjson`), up to 100 in one POST. */
export interface AuditHttpSink {
  /** Its URL, `https:` or `http:`. A user and a password in it are sent as basic authorization. */
  url: string;
  /** Headers, such as `authorization`. Default: none. */
  headers?: Readonly<Record<string, string>>;
  /** How long one request may take, in milliseconds. Default: 5 000. */
  timeoutMs?: number;
  /**
   * How often a request is repeated that has failed, timed out, or was answered with 408, 425, 429 or 5xx, with growing
   * pauses of at most 30 s. Then its events are lost, and so are those that it refuses otherwise. Default: 10.
   */
  retries?: number;
}

/** A function that gets each event, one after the other: the next one when its promise has settled. */
export type AuditFunction = (event: AuditEvent) => void | Promise<void>;

/** Where events of the audit go. */
export type AuditSink = AuditFileSink | AuditHttpSink | AuditFunction;

/** The option `audit`: a record of what a worker did, and of who or what made it do so. */
export interface AuditOptions {
  /**
   * Where the events go, see {@link AuditEvent}: one sink or several. None of them ever holds up a call or the end of the
   * worker: up to 1 000 events wait for each; beyond that events are lost, counted, and reported when it works again.
   */
  sink: AuditSink | readonly AuditSink[];
}

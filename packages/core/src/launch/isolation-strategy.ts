import type { Logger } from '../base/logger.js';
import type { Call } from '../call/call.js';
import type { HangUpSignal } from '../call/hang-up.js';
import type { JobTicket } from '../call/job-ticket.js';
import type { Refusal } from '../call/refusal.js';
import type { ReportSessionEvent, SessionEvent } from '../call/session-event.js';

/**
 * Where calls run. This file is the whole seam: a strategy turns a {@link JobTicket} into a promise
 * and nothing else in the pool knows how. See docs/isolation.md.
 */
export interface IsolationStrategy {
  /** Shown in logs and snapshots, e.g. `coroutine`. */
  readonly name: string;
  /**
   * Called once, before the worker registers. Rejects when no call could ever run, and when `signal`
   * aborts: the start is called off.
   */
  open(host: IsolationHost, signal: AbortSignal): Promise<Isolation>;
}

/** An open strategy. */
export interface Isolation extends AsyncDisposable {
  /**
   * Runs `ticket` to its end. Resolves when the call ended, however it ended; rejects with an error
   * that carries `code` and `message` when it failed. When `signal` aborts, its reason is a
   * {@link HangUp}: end the call by then, and still settle.
   */
  run(ticket: JobTicket, signal: HangUpSignal): Promise<void>;
  /**
   * Called in the same tick as the answer to LiveKit: take a place for the call, or say why not.
   * Absent: the pool's cap is all there is.
   */
  reserve?(call: Call): Placement | Refusal;
  /** The processes calls run in, besides the worker's own. Absent: there are none. */
  processes?(): Promise<readonly ProcessUsage[]>;
  /** How many processes there were since it was opened. Absent: nobody counts them. */
  processCounts?(): ProcessCounts;
}

/** A process that runs calls, when it was looked at. */
export interface ProcessUsage {
  readonly pid: number;
  /** The calls that run there or are about to. */
  readonly jobIds: readonly string[];
  /** `starting`: not ready for calls; `closing`: takes no more of them. */
  readonly state: 'starting' | 'ready' | 'closing';
  /** Resident memory (RSS) in bytes, files that processes share included. */
  readonly memoryBytes: number;
  /** CPU time since the process began, in milliseconds. */
  readonly cpuMs: number;
}

/** The processes of calls since the worker began. */
export interface ProcessCounts {
  readonly started: number;
  /** Those that ended although they were wanted: crashed, stuck, or over their memory limit. */
  readonly lost: number;
}

/** A place taken by {@link Isolation.reserve}; released when the call never comes. */
export interface Placement {
  release(): void;
}

/** What the pool lends a strategy. */
export interface IsolationHost {
  /** How another process starts this pool. A strategy may override it. */
  readonly source: PoolSource;
  readonly logger: Logger;
  /** Most calls at a time: the pool's cap, which it keeps itself. */
  readonly maxConcurrentSessions: number;
  /** Inference of the worker, for sessions that run elsewhere: one model for all processes. */
  readonly inference: WorkerInference;
  /** Loads what calls share in this process. Call it wherever sessions run, before the first. */
  prewarm(signal: AbortSignal): Promise<void>;
  /**
   * The session body: runs one call in this process, to its end.
   * @param report - where its events go; by default straight to this pool. A strategy that runs
   * the body elsewhere passes a function that carries them back to {@link IsolationHost.report}.
   */
  runSession(ticket: JobTicket, signal: HangUpSignal, report?: ReportSessionEvent): Promise<void>;
  /** Takes an event relayed from elsewhere; resolves when the pool has acted on it. */
  report(event: SessionEvent): Promise<void>;
}

/** The worker's own models, lent to sessions in other processes. */
export interface WorkerInference {
  /** Loads them, without the user's prewarm. True when they serve the SDK's local turn detector. */
  load(signal: AbortSignal): Promise<boolean>;
  /** Runs one inference method of the SDK, e.g. `lk_eot_audio`. Arguments and result are JSON. */
  run(method: string, data: unknown): Promise<unknown>;
}

/** How this process was started. */
export interface PoolSource {
  /** Absolute path of the user's entry, `process.argv[1]`. */
  readonly entry: string;
  /** Which of the entry's pools this is: the number of its construction, from 0. */
  readonly pool: number;
  readonly argv: readonly string[];
  readonly execArgv: readonly string[];
}

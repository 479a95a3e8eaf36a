import type { Logger } from '../base/logger.js';
import type { Call } from '../call/call.js';
import type { CodeChange, CodeEvent } from '../call/code-change.js';
import type { HangUpSignal } from '../call/hang-up.js';
import type { JobTicket } from '../call/job-ticket.js';
import type { Refusal } from '../call/refusal.js';
import type { ReportSessionEvent, SessionEvent } from '../call/session-event.js';

/**
 * Decides where calls run. This file is the whole interface between a pool and a strategy: a strategy turns a
 * {@link JobTicket} into a promise, and nothing else in the pool knows how. See docs/isolation.md.
 */
export interface IsolationStrategy {
  /** Name shown in logs and snapshots, for example `coroutine`. */
  readonly name: string;
  /**
   * The memory that one more call takes, in MiB, its process included, as far as it counts against the limit of the
   * worker. It is used until calls have been measured. Default: 10.
   */
  readonly callMemoryMb?: number;
  /**
   * Opens the strategy. Called once, before the worker registers. Reject when no call could ever run, and when `signal`
   * aborts because the start was cancelled. `run()` of the pool rejects with that error.
   */
  open(host: IsolationHost, signal: AbortSignal): Promise<Isolation>;
}

/** A strategy that has been opened. Disposing of it closes what it holds, when no call is left. */
export interface Isolation extends AsyncDisposable {
  /**
   * Runs the call of `ticket`. Resolves when the call has ended, for whatever reason; rejects with an error that has
   * `code` and `message` when the call failed. When `signal` aborts, its reason is a {@link HangUp}: end the call by
   * its deadline. The promise must settle then too.
   */
  run(ticket: JobTicket, signal: HangUpSignal): Promise<void>;
  /**
   * Takes a place for a call, or refuses it. Called in the same tick as the answer to LiveKit. Without this method,
   * only the pool's own limit, `maxConcurrentSessions`, applies.
   */
  reserve?(call: Call): Placement | Refusal;
  /** The processes that run calls, other than the worker's own. Without this method, there are none. */
  processes?(): Promise<readonly ProcessUsage[]>;
  /** The number of processes since the strategy was opened. Without this method, they are not counted. */
  processCounts?(): ProcessCounts;
  /**
   * The memory in bytes of processes that are ready and wait for a call: the next calls use it. Must not wait for
   * anything. Without this method, there is none.
   */
  idleMemoryBytes?(): number;
  /**
   * Prepares all processes that run calls, other than the worker's own, for new code. Rejects when one of them cannot use
   * it; then no process does. Without this method, only calls in the worker's own process get new code while they run.
   */
  prepareChange?(change: CodeChange): Promise<PreparedChange>;
}

/** New code that all processes are ready to use. */
export interface PreparedChange {
  /** Lets them use it. Resolves with what has become of each of their calls so far. Processes started later use it too. */
  commit(): Promise<readonly CodeEvent[]>;
}

/** A process that runs calls, as it was when it was measured. */
export interface ProcessUsage {
  /** Process id. */
  readonly pid: number;
  /** Job ids of the calls that run there or are about to. */
  readonly jobIds: readonly string[];
  /** `starting`: not ready for calls yet; `closing`: accepts no more calls. */
  readonly state: 'starting' | 'ready' | 'closing';
  /** Resident memory (RSS) in bytes, including files that processes share. */
  readonly memoryBytes: number;
  /** CPU time since the process started, in milliseconds. */
  readonly cpuMs: number;
}

/** Number of processes that run calls, counted since the worker started. */
export interface ProcessCounts {
  /** Processes that were started. */
  readonly started: number;
  /** Processes that ended unexpectedly: crashed, stuck, or over their memory limit. */
  readonly lost: number;
}

/** A place taken by {@link Isolation.reserve}. */
export interface Placement {
  /** Gives the place back. Called when the call that it was taken for is not assigned. */
  release(): void;
}

/** The services that a pool provides to its strategy. */
export interface IsolationHost {
  /** How another process starts this pool. A strategy may override it. */
  readonly source: PoolSource;
  /** The pool's logger. */
  readonly logger: Logger;
  /** Maximum number of concurrent calls. The pool enforces it itself. */
  readonly maxConcurrentSessions: number;
  /** The worker's models, for sessions that run in other processes: one copy serves all of them. */
  readonly inference: WorkerInference;
  /**
   * The memory in bytes that the limit of the worker leaves for something besides calls, such as one more process.
   * Undefined without a limit, and in a process that runs calls for another.
   */
  freeMemoryBytes?(): number | undefined;
  /**
   * Loads what calls share in this process. Call it in every process that runs sessions, before the first one.
   * @throws OpenRtcError `PREWARM_FAILED`, or the reason of `signal`
   */
  prewarm(signal: AbortSignal): Promise<void>;
  /**
   * Runs one call in this process, from joining its room to its end. Resolves when the call has ended.
   * @param report - receives the events of the call. Default: {@link IsolationHost.report} of this host. A strategy
   * that runs the call elsewhere passes a function that sends the events back to the pool.
   * @throws OpenRtcError with a `SESSION_*` code when the call failed
   */
  runSession(ticket: JobTicket, signal: HangUpSignal, report?: ReportSessionEvent): Promise<void>;
  /**
   * Prepares this process for new code of its agents. {@link serveTickets} calls it where calls run for another process.
   * @throws OpenRtcError when the code cannot be used here; then nothing has changed
   */
  prepareChange(change: CodeChange): Promise<PreparedChange>;
  /** Passes on an event of a call that runs elsewhere. Resolves when the pool has acted on it. */
  report(event: SessionEvent): Promise<void>;
}

/** The worker's models, for sessions that run in other processes. */
export interface WorkerInference {
  /** Loads the models, without the user's prewarm. Resolves with true when they serve the SDK's local turn detector. */
  load(signal: AbortSignal): Promise<boolean>;
  /** Runs one inference method of the SDK, for example `lk_eot_audio`. Arguments and result are JSON. */
  run(method: string, data: unknown): Promise<unknown>;
}

/** How this process was started. */
export interface PoolSource {
  /** Absolute path of the user's entry file, `process.argv[1]`. */
  readonly entry: string;
  /**
   * Absolute paths of files and folders from which optional packages are resolved, the first one first. Under the command
   * `openrtc`: the module or directory it was given, the current directory, the command. Otherwise: the entry, the
   * current directory.
   */
  readonly packagesFrom: readonly string[];
  /** Index of this pool among the pools that the entry file constructs, from 0. */
  readonly pool: number;
  /** Arguments of the user's program. */
  readonly argv: readonly string[];
  /** Arguments of Node itself, `process.execArgv`. */
  readonly execArgv: readonly string[];
}

import type { BreakerChange } from '../call/breaker-change.js';
import type { Call } from '../call/call.js';
import type { JobTypeName } from '../call/job-offer.js';
import type { RefusalReason } from '../call/refusal.js';
import type { ReloadedCall, ReloadReport } from '../call/reload-report.js';

/**
 * Who or what caused an event.
 *
 * - `system`: the worker itself, LiveKit, or a caller
 * - `signal`: a signal of the system, such as SIGTERM
 * - `command`: the command `openrtc`, or its watch of the files
 * - `user_code`: the program that has the pool
 */
export type AuditActor = 'system' | 'signal' | 'command' | 'user_code';

/** How an event ended. */
export type AuditResult = 'ok' | 'refused' | 'failed';

/**
 * Why a worker drains or ends its calls.
 *
 * - `signal`: SIGTERM, SIGINT, SIGHUP or SIGQUIT
 * - `drain_call`, `close_call`: `pool.drain()`, `pool.close()`
 * - `abort_signal`: the `signal` of `run()`
 * - `connect`: `pool.connect()`, whose only call has been launched
 * - `failure_limit`: `consecutiveFailureLimit`
 * - `uncaught_error`: an error that no call can be blamed for
 * - `drain_timeout`: `drainTimeoutMs`
 */
export type DrainCause =
  | 'signal'
  | 'drain_call'
  | 'close_call'
  | 'abort_signal'
  | 'connect'
  | 'failure_limit'
  | 'uncaught_error'
  | 'drain_timeout';

/** Who asked for a reload: `pool.reload()`, the verb `openrtc reload`, or the command when a file had changed. */
export type ReloadCause = 'reload_call' | 'reload_command' | 'file_change';

/** An error: its code, and its message without secrets. */
export interface AuditError {
  readonly code: string;
  readonly message: string;
}

/** Several occurrences that one event stands for. */
export interface AuditCounts {
  /** How many. */
  readonly count: number;
  /** The time over which they came, in milliseconds; 0 for a single one that is told at once. */
  readonly overMs: number;
  /** Whose they were, the most frequent first, at most 10. */
  readonly calls: readonly (Partial<Pick<Call, 'agent' | 'tenant'>> & { readonly count: number })[];
}

/** A reload, and who asked for it. */
export interface AuditReload extends Pick<ReloadReport, 'generation' | 'files' | 'durationMs'> {
  /** Who asked for it. */
  readonly by: ReloadCause;
}

/** The details of each event. A new event is a row here, and one in `audit-catalog.ts`. */
export interface AuditDetails {
  /** The run has begun. */
  'worker.started': {
    readonly pid: number;
    readonly host: string;
    /** The name of the file that runs the pool. */
    readonly entry: string;
    /** The version of OpenRTC, and that of Node. */
    readonly openrtc: string;
    readonly node: string;
    /** The registered agents. */
    readonly agents: readonly string[];
    /** The options that the worker runs with, without secrets. */
    readonly configuration: Readonly<Record<string, unknown>>;
  };
  /** LiveKit has registered the worker. */
  'worker.registered': {
    /** LiveKit's id of the worker. */
    readonly workerId: string;
    readonly agentName: string;
    readonly jobType: JobTypeName;
    readonly deployment: string;
    /** Whether the connection was lost before. */
    readonly again: boolean;
  };
  /** No more calls are taken, or live ones are ended. */
  'worker.draining': {
    readonly by: DrainCause;
    /** The signal; null for other causes. */
    readonly signal: string | null;
    /** `finish`: live calls go on to their end. `end`: they are ended now. */
    readonly calls: 'finish' | 'end';
    /** Live calls at this moment. */
    readonly liveCalls: number;
    /** The fault that caused it; null without one. */
    readonly error: AuditError | null;
  };
  /** The run is over. */
  'worker.closed': {
    /** `drained`: its calls had ended. `ended`: some were ended by the worker. `failed`: `run()` rejects. */
    readonly how: 'drained' | 'ended' | 'failed';
    /** Since the start, in milliseconds. */
    readonly uptimeMs: number;
    /** Since the drain began, in milliseconds; null without one. */
    readonly drainMs: number | null;
    /** Calls that have ended, those of them that failed, those that the worker ended, and those that have not ended. */
    readonly calls: number;
    readonly failedCalls: number;
    readonly cutCalls: number;
    readonly leftCalls: number;
    readonly error: AuditError | null;
  };
  /** Calls were refused, for one reason. */
  'call.refused': AuditCounts & { readonly reason: RefusalReason };
  /** Calls of a tenant, or of one agent of it, are refused from now on. */
  'breaker.opened': Omit<BreakerChange, 'state'>;
  /** One call of it is tried. */
  'breaker.probed': Omit<BreakerChange, 'state'>;
  /** Its calls are taken again. */
  'breaker.closed': Omit<BreakerChange, 'state'>;
  /** New code of agents is in use. */
  'reload.applied': AuditReload & {
    readonly agents: readonly string[];
    /** Live calls by what became of them. */
    readonly calls: Partial<Record<ReloadedCall['result'], number>>;
  };
  /** New code cannot be used, and nothing has changed. */
  'reload.refused': AuditReload & { readonly error: AuditError | null };
  /** New code failed in its first use in calls, which have their old code back. */
  'reload.rolled_back': AuditCounts & {
    /** The reload whose code these calls have again; 0: the code of the start. */
    readonly generation: number;
    readonly error: AuditError | null;
  };
  /** A sink works again that has not got all events. */
  'audit.lost': {
    /** The sink, as metrics and the log name it. */
    readonly sink: string;
    /** How many events it has not got. */
    readonly count: number;
    /** The numbers of the first and of the last of them. There may be others between them that it has got. */
    readonly fromSeq: number;
    readonly toSeq: number;
  };
}

/** The name of an event of the audit. */
export type AuditEventName = keyof AuditDetails;

/** What every event has. */
export interface AuditFields {
  /** The version of this form. */
  readonly schemaVersion: 1;
  /** The number of the event, from 1 in each run of a worker. A gap means that events were lost. */
  readonly seq: number;
  /** When it happened, as in `2026-01-31T12:00:00.000Z`. */
  readonly time: string;
  /** The host, the process and the run of the worker. */
  readonly worker: string;
  /** The pool's `deploymentVersion`; null without one. */
  readonly version: string | null;
  /** Who or what caused it. */
  readonly actor: AuditActor;
  /** What it happened to: `worker`, `agents`, `tenant acme`, a call. */
  readonly target: string;
  /** How it ended. */
  readonly result: AuditResult;
}

/** One of the events. */
export type AuditEventOf<Name extends AuditEventName> = AuditFields & {
  readonly event: Name;
  readonly details: Readonly<AuditDetails[Name]>;
};

/** An event of the audit, as plain data. `event` tells which; `details` follows from it. */
export type AuditEvent = { [Name in AuditEventName]: AuditEventOf<Name> }[AuditEventName];

/** What happened, before it has a number. */
export type Noted = {
  [Name in AuditEventName]: Pick<
    AuditEventOf<Name>,
    'event' | 'actor' | 'target' | 'result' | 'details'
  >;
}[AuditEventName];

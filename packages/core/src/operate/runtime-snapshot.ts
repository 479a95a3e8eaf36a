import type { MemoryState } from '../admit/memory-state.js';
import type { RefusalReason } from '../call/refusal.js';
import type { LinkState } from '../link/worker-link.js';
import type { RegistrationSnapshot } from '../link/worker-links.js';
import type { BlocksSnapshot } from './block-counts.js';
import type { NotReady, PoolState } from './readiness.js';
import type { CallResources } from './resource-sampler.js';
import type { BreakerChange } from '../call/breaker-change.js';
import type { ReloadOutcome } from './reload-counts.js';
import type { ProviderUsage } from '../call/provider-usage.js';
import type { SessionFaults } from '../call/session-faults.js';
import type { SessionTurns } from '../call/session-turn.js';

/** One live call. */
export interface SessionSnapshot {
  /** LiveKit's id of the job. */
  readonly jobId: string;
  /** Name of the agent. */
  readonly agent: string;
  /** The tenant; `default` without one. */
  readonly tenant: string;
  /** Name of the room. */
  readonly room: string;
  /** Time of the assignment: Unix time in milliseconds. */
  readonly startedAt: number;
  /** True once the agent is in its room. */
  readonly joined: boolean;
  /** Milliseconds since the assignment, by the monotonic clock. */
  readonly durationMs: number;
  /**
   * `slow`: its code has blocked the event loop within the last seconds, see `blocks`. `unanswered`: the caller has asked
   * something, and no turn so far was answered, see `turns`.
   */
  readonly status: 'joining' | 'active' | 'slow' | 'unanswered';
  /** The number of the reload that the code of its agents came with; 0 before any. */
  readonly generation: number;
  /** Failures so far that did not end the call. */
  readonly faults: SessionFaults;
  /** Turns of the caller so far. */
  readonly turns: SessionTurns;
  /** Its use of providers so far, as the SDK counts it. It may be some seconds old. */
  readonly usage: readonly ProviderUsage[];
  /** How often its code has blocked the event loop. */
  readonly blocks: BlocksSnapshot;
  /** CPU and memory at the last measurement, see {@link AgentPool.inspect}; null if not measured yet. */
  readonly resources: CallResources | null;
}

/** Memory of the worker's own process. For call processes see {@link AgentPool.processes}. */
export interface ResidentSet {
  /** Resident memory in bytes. */
  readonly bytes: number;
  /** How it was measured. */
  readonly metric: 'process_rss';
  /** The same in words, for display. */
  readonly description: string;
}

/** The state of a worker at one moment, as plain data. */
export interface RuntimeSnapshot {
  /** Unix time in milliseconds. */
  readonly timestamp: number;
  /** Milliseconds since `run()`; 0 before. */
  readonly uptimeMs: number;
  /** The state of the pool. */
  readonly state: PoolState;
  /** True while live calls may end and no new ones are accepted. */
  readonly draining: boolean;
  /** True while the worker accepts calls, as `/readyz` answers. */
  readonly ready: boolean;
  /** Why it accepts no calls; empty while it accepts them. */
  readonly notReady: readonly NotReady[];
  /** Name of the isolation strategy. */
  readonly isolation: string;
  /** The pool option of that name; null without one. */
  readonly deploymentVersion: string | null;
  /** The pool option of that name: with one, the worker gets no automatic calls. Null without one. */
  readonly deployment: string | null;
  /** Names of the registered agents. */
  readonly registeredAgents: readonly string[];
  /** Number of places: the pool option of that name. */
  readonly maxConcurrentSessions: number;
  /** Number of live calls. */
  readonly activeSessions: number;
  /** Number of calls that were accepted and are not assigned yet. */
  readonly reservedSessions: number;
  /** Calls that were assigned since `run()`. */
  readonly totalSessionsStarted: number;
  /** Calls that failed since `run()`. */
  readonly totalSessionFailures: number;
  /** Calls that failed in a row, see the pool option `consecutiveFailureLimit`. */
  readonly consecutiveFailures: number;
  /** Hooks and nodes of agents that failed since `run()`, live calls included. */
  readonly totalHookErrors: number;
  /** Tools that failed since `run()`, live calls included. */
  readonly totalToolErrors: number;
  /** Errors of providers since `run()`, live calls included. */
  readonly totalProviderErrors: number;
  /** Turns of all callers since `run()`. */
  readonly totalTurns: SessionTurns;
  /** Refused offers by reason; reasons without a refusal are left out. */
  readonly refused: Readonly<Partial<Record<RefusalReason, number>>>;
  /** The breakers of tenants that refuse new calls, or try one. */
  readonly breakers: readonly BreakerChange[];
  /** The number of the reload that the code of the agents came with; 0 before any. */
  readonly codeGeneration: number;
  /** Reloads since `run()` by outcome; outcomes without one are left out. `undone` counts calls. */
  readonly reloads: Readonly<Partial<Record<ReloadOutcome, number>>>;
  /** Number of live calls by agent; agents without one are left out. */
  readonly sessionsByAgent: Readonly<Record<string, number>>;
  /** Number of live calls by tenant; tenants without one are left out. */
  readonly sessionsByTenant: Readonly<Record<string, number>>;
  /** The live calls. */
  readonly sessions: readonly SessionSnapshot[];
  /** The agent of the last accepted call; null before the first one. */
  readonly lastRoutedAgent: string | null;
  /** `CODE: message` of the last failed call; null before the first one. */
  readonly lastError: string | null;
  /** Memory of the worker's own process. */
  readonly residentSet: ResidentSet;
  /** The memory that the worker may use with all its processes, and what fits; null without a limit. */
  readonly memory: MemoryState | null;
  /** How late timers fire in the worker's own process, in ms, 99th percentile over 2 s; null while no call runs there. */
  readonly eventLoopLagMs: number | null;
  /** The address of the health server; null without one. */
  readonly health: { readonly host: string; readonly port: number } | null;
  /** The connection to LiveKit. */
  readonly livekit: {
    /** The worst state of all registrations; `none` before `run()`. */
    readonly state: LinkState | 'none';
    /** LiveKit's id of the first registration. */
    readonly workerId: string;
    /** Connections that were lost and re-established, of all registrations together. */
    readonly reconnects: number;
    /** One registration for each agent name and job type, see the pool options `dispatch` and `jobTypes`. */
    readonly registrations: readonly RegistrationSnapshot[];
  };
}

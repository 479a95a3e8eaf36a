import type { RefusalReason } from '../call/refusal.js';
import type { LinkState } from '../link/worker-link.js';
import type { RegistrationSnapshot } from '../link/worker-links.js';
import type { BlocksSnapshot } from './block-counts.js';
import type { PoolState } from './pool-state.js';
import type { NotReady } from './readiness.js';
import type { CallResources } from './resource-sampler.js';
import type { ProviderUsage } from '../call/provider-usage.js';
import type { SessionFaults } from '../call/session-event.js';

/** One live call, and what failed in it so far without ending it. */
export interface SessionSnapshot extends SessionFaults {
  readonly jobId: string;
  readonly agent: string;
  readonly tenant: string;
  readonly room: string;
  /** Unix time in milliseconds of the assignment. */
  readonly startedAt: number;
  /** The agent is in its room. */
  readonly joined: boolean;
  /** Since the assignment, in milliseconds, by the monotonic clock. */
  readonly durationMs: number;
  /** `slow`: its code has kept the event loop from other calls a moment ago, see `blocks`. */
  readonly status: 'joining' | 'active' | 'slow';
  /** What it has used of its providers, as the SDK counts it; some seconds old. */
  readonly usage: readonly ProviderUsage[];
  /** How often its code has kept the event loop from everything else. */
  readonly blocks: BlocksSnapshot;
  /** CPU and memory when they were last measured, see {@link AgentPool.inspect}; null: they were not measured yet. */
  readonly resources: CallResources | null;
}

/** Memory of the worker's own process. Processes of calls are told by {@link AgentPool.processes}. */
export interface ResidentSet {
  readonly bytes: number;
  readonly metric: 'process_rss';
  readonly description: string;
}

/** What a worker does at this moment: plain data. */
export interface RuntimeSnapshot {
  /** Unix time in milliseconds. */
  readonly timestamp: number;
  /** Since `run()`, in milliseconds; 0 before. */
  readonly uptimeMs: number;
  readonly state: PoolState;
  readonly draining: boolean;
  /** The worker takes calls: what `/readyz` answers. */
  readonly ready: boolean;
  /** Why it does not; empty while it does. */
  readonly notReady: readonly NotReady[];
  readonly isolation: string;
  readonly deploymentVersion: string | null;
  readonly registeredAgents: readonly string[];
  readonly maxConcurrentSessions: number;
  readonly activeSessions: number;
  /** Accepted, not assigned yet. */
  readonly reservedSessions: number;
  readonly totalSessionsStarted: number;
  readonly totalSessionFailures: number;
  readonly consecutiveFailures: number;
  /** Hooks and nodes of agents that failed, in calls that are over and in live ones. */
  readonly totalHookErrors: number;
  readonly totalToolErrors: number;
  /** Offers refused, by reason. */
  readonly refused: Readonly<Partial<Record<RefusalReason, number>>>;
  /** Live calls by agent; agents without one are left out. */
  readonly sessionsByAgent: Readonly<Record<string, number>>;
  readonly sessionsByTenant: Readonly<Record<string, number>>;
  readonly sessions: readonly SessionSnapshot[];
  readonly lastRoutedAgent: string | null;
  /** `CODE: message` of the last failed call. */
  readonly lastError: string | null;
  readonly residentSet: ResidentSet;
  /** How late timers come in the worker's own process, 99th percentile of 2 s; null while no call runs there. */
  readonly eventLoopLagMs: number | null;
  /** Where the health server listens; null: nowhere. */
  readonly health: { readonly host: string; readonly port: number } | null;
  readonly livekit: {
    /** The worst of all registrations; `none` before `run()`. */
    readonly state: LinkState | 'none';
    /** LiveKit's id of the first registration. */
    readonly workerId: string;
    /** Connections lost and made anew, of all registrations together. */
    readonly reconnects: number;
    /** One for each agent name and job type, see the pool options `dispatch` and `jobTypes`. */
    readonly registrations: readonly RegistrationSnapshot[];
  };
}

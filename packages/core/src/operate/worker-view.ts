import type { MemoryState } from '../admit/memory-state.js';
import type { BreakerChange } from '../call/breaker-change.js';
import type { SessionInfo } from '../call/call.js';
import type { JobTypeName } from '../call/job-offer.js';
import type { ProviderUsage } from '../call/provider-usage.js';
import type { ProcessCounts } from '../launch/isolation-strategy.js';
import type { LinkState } from '../link/worker-link.js';
import type { RegistrationSnapshot } from '../link/worker-links.js';
import type { BlockCounts } from './block-counts.js';
import type { FaultCounts } from './fault-counts.js';
import type { FlowCounts } from './flow-counts.js';
import type { TurnCounts } from './turn-counts.js';
import type { ResourceSampler } from './resource-sampler.js';

/** A live call, as operators see it. */
export interface CallView {
  /** Ids, agent, tenant and metadata of the call. */
  readonly info: SessionInfo;
  /** Time of the assignment, in milliseconds of the monotonic clock. */
  readonly since: number;
  /** True once the agent is in its room. */
  readonly joined: boolean;
  /** Failures that did not end the call. */
  readonly faults: FaultCounts;
  /** Turns of the caller. */
  readonly turns: TurnCounts;
  /** How often its code blocked the event loop. */
  readonly blocks: BlockCounts;
  /** The number of the reload that its code came with; 0 before any. */
  readonly generation: number;
  /** Its use of providers so far. */
  readonly usage: readonly ProviderUsage[];
}

/** The parts of a running worker that operators see, read-only. */
export interface WorkerView {
  /** True while it accepts no more calls and waits for the last one. */
  readonly draining: boolean;
  /** How late timers fire, in milliseconds; undefined while no call runs in this process. */
  readonly eventLoopLagMs: number | undefined;
  /** Seconds that the isolation took to open, with everything that calls share. */
  readonly prewarmSeconds: number;
  /** How many call processes were started and lost; undefined if the isolation has no processes. */
  readonly processCounts: ProcessCounts | undefined;
  /** The memory of the worker with all its processes; undefined without a limit. */
  readonly memory: MemoryState | undefined;
  /** Which places are occupied. */
  readonly admission: {
    /** Live calls. */
    readonly active: number;
    /** Accepted calls that are not assigned yet. */
    readonly reserved: number;
    /** True if every place is occupied. */
    readonly full: boolean;
    /** True while the event loop is too late for another call, or the memory has no room for one. */
    readonly paused: boolean;
  };
  /** The connections to LiveKit. */
  readonly links: {
    /** The worst state of all registrations. */
    readonly state: LinkState;
    /** LiveKit's id of the first registration. */
    readonly workerId: string;
    /** Connections that were lost and re-established. */
    readonly reconnects: number;
    /** One for each agent name and job type. */
    readonly registrations: readonly RegistrationSnapshot[];
  };
  /** The live calls. */
  readonly calls: readonly CallView[];
  /** The breakers of tenants that do not take every call. */
  readonly breakers: readonly BreakerChange[];
  /** Calls that failed in a row. */
  readonly consecutiveFailures: number;
  /** Counts of all calls since the pool started. */
  readonly counts: FlowCounts;
  /** Measures CPU and memory of calls on request. */
  readonly resources: ResourceSampler;
}

/** Options of the pool that operators see. */
export interface PoolFacts {
  /** Number of places. */
  readonly maxConcurrentSessions: number;
  /** The name under which the pool registers; empty without one. */
  readonly agentName: string;
  /** The job types that the pool registers for. */
  readonly jobTypes: readonly JobTypeName[];
  /** The label of what is deployed; empty without one. */
  readonly deploymentVersion: string;
  /** The deployment that the pool registers for; empty without one. */
  readonly deployment: string;
}

import type { SessionInfo } from '../call/call.js';
import type { JobTypeName } from '../call/job-offer.js';
import type { ProviderUsage } from '../call/provider-usage.js';
import type { ProcessCounts } from '../launch/isolation-strategy.js';
import type { LinkState } from '../link/worker-link.js';
import type { RegistrationSnapshot } from '../link/worker-links.js';
import type { BlockCounts } from './block-counts.js';
import type { FaultCounts } from './fault-counts.js';
import type { FlowCounts } from './flow-counts.js';
import type { ResourceSampler } from './resource-sampler.js';

/** A live call as it is shown. */
export interface CallView {
  readonly info: SessionInfo;
  /** By the monotonic clock, in milliseconds. */
  readonly since: number;
  readonly joined: boolean;
  readonly faults: FaultCounts;
  readonly blocks: BlockCounts;
  readonly usage: readonly ProviderUsage[];
}

/** The parts of a running worker that are shown to operators. It is only read. */
export interface WorkerView {
  readonly draining: boolean;
  /** Undefined while no call runs in this process. */
  readonly eventLoopLagMs: number | undefined;
  /** How long the isolation took to open, with everything that calls share. */
  readonly prewarmSeconds: number;
  /** Undefined where the isolation has no processes. */
  readonly processCounts: ProcessCounts | undefined;
  readonly admission: {
    readonly active: number;
    readonly reserved: number;
    readonly full: boolean;
    readonly paused: boolean;
  };
  readonly links: {
    readonly state: LinkState;
    readonly workerId: string;
    readonly reconnects: number;
    readonly registrations: readonly RegistrationSnapshot[];
  };
  readonly calls: readonly CallView[];
  readonly consecutiveFailures: number;
  readonly counts: FlowCounts;
  /** Samples CPU and memory of calls when asked to. */
  readonly resources: ResourceSampler;
}

/** The options of the pool that are shown. */
export interface PoolFacts {
  readonly maxConcurrentSessions: number;
  readonly agentName: string;
  readonly jobTypes: readonly JobTypeName[];
  /** Empty for none. */
  readonly deployment: string;
}

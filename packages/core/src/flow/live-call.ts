import type { JobStatus } from '@livekit/protocol';

import type { SessionInfo } from '../call/call.js';
import type { ProviderUsage } from '../call/provider-usage.js';
import type { BlockCounts } from '../operate/block-counts.js';
import type { Settlement } from '../settle/settlement.js';
import type { FaultCounts } from '../operate/fault-counts.js';

/** Sends LiveKit the status of a call, over the registration the call came by. */
export interface FlowLink {
  sendRunning(jobId: string): void;
  /** Resolves when LiveKit has it. */
  sendFinal(update: {
    jobId: string;
    status: JobStatus.JS_SUCCESS | JobStatus.JS_FAILED;
    error: string;
  }): Promise<void>;
}

/** A call from its assignment to its end. */
export interface LiveCall {
  readonly info: SessionInfo;
  readonly settlement: Settlement;
  readonly link: FlowLink;
  /** When it was assigned, by the monotonic clock: the other one may be set while a call lasts. */
  readonly since: number;
  readonly faults: FaultCounts;
  readonly blocks: BlockCounts;
  /** The latest report. */
  usage: readonly ProviderUsage[];
  joined: boolean;
}

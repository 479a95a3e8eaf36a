import type { JobStatus } from '@livekit/protocol';

import type { SessionInfo } from '../call/call.js';
import type { CallHistory } from '../call/call-worth.js';
import type { ProviderUsage } from '../call/provider-usage.js';
import type { BlockCounts } from '../operate/block-counts.js';
import type { Settlement } from '../settle/settlement.js';
import type { FaultCounts } from '../operate/fault-counts.js';
import type { TurnCounts } from '../operate/turn-counts.js';

/** Sends LiveKit the status of a call, over the registration that the call was offered on. */
export interface FlowLink {
  /** Reports that the job is running. */
  sendRunning(jobId: string): void;
  /** Reports the final status. Resolves when LiveKit has it. */
  sendFinal(update: {
    jobId: string;
    status: JobStatus.JS_SUCCESS | JobStatus.JS_FAILED;
    error: string;
  }): Promise<void>;
}

/** A call from its assignment to its end. */
export interface LiveCall {
  /** The facts about the call. */
  readonly info: SessionInfo;
  /** Handles the end of the call. */
  readonly settlement: Settlement;
  /** Sends the status of the call to LiveKit. */
  readonly link: FlowLink;
  /** When it was assigned, in milliseconds of `performance.now()`: the wall clock may be set during a call. */
  readonly since: number;
  /** Failures so far that did not end it. */
  readonly faults: FaultCounts;
  /** Turns of the caller so far. */
  readonly turns: TurnCounts;
  /** What it has been worth so far. */
  readonly history: CallHistory;
  /** Blocks of the event loop that its code caused so far. */
  readonly blocks: BlockCounts;
  /** LiveKit's id of the room that the job is for. */
  readonly roomSid: string | undefined;
  /** Usage of its providers, as reported last. */
  usage: readonly ProviderUsage[];
  /** The number of the reload that the code of its agents came with; 0 before any. */
  generation: number;
  /** Whether the agent has joined its room. */
  joined: boolean;
}

import type { RuntimeSnapshot, SessionInfo, SessionOutcome } from '@openrtc/core';

/** Words of a call, or a tool that its agent used. */
export interface Words {
  jobId: string;
  room: string;
  agent: string;
  from: 'caller' | 'agent' | 'tool';
  text: string;
}

/** The turn detector's judgement of a caller's sentence. */
export interface Turn {
  room: string;
  /** False when it judges the sentence to be unfinished: the agent then waits for more before it answers. */
  finished: boolean;
}

/** Messages from the worker to the demo. */
export type FromWorker =
  | { type: 'registered'; agents: readonly string[] }
  | { type: 'started'; info: SessionInfo }
  | { type: 'words'; words: Words }
  | { type: 'turn'; turn: Turn }
  | { type: 'ended'; info: SessionInfo; outcome: SessionOutcome }
  | { type: 'state'; snapshot: RuntimeSnapshot; rssBytes: number; cpuMs: number };

/** Message from the demo to the worker: a request for its state. */
export interface ToWorker {
  type: 'reportState';
}

import type { RuntimeSnapshot, SessionInfo, SessionOutcome } from '@openrtc/core';

/** Words of a call, or a tool its agent used. */
export interface Words {
  jobId: string;
  room: string;
  agent: string;
  from: 'caller' | 'agent' | 'tool';
  text: string;
}

/** What the turn detector made of what a caller had said. */
export interface Turn {
  room: string;
  /** False: it takes the sentence for unfinished, and waits for more before the agent answers. */
  finished: boolean;
}

/** What the worker process tells the demo. */
export type FromWorker =
  | { type: 'registered'; agents: readonly string[] }
  | { type: 'started'; info: SessionInfo }
  | { type: 'words'; words: Words }
  | { type: 'turn'; turn: Turn }
  | { type: 'ended'; info: SessionInfo; outcome: SessionOutcome }
  | { type: 'state'; snapshot: RuntimeSnapshot; rssBytes: number; cpuMs: number };

/** What the demo asks the worker process. */
export interface ToWorker {
  type: 'tellState';
}

import type {
  LoopBlock,
  SessionFaults,
  SessionSnapshot,
  SessionTurns,
} from '@openrtc/core/operate';

import type { WatchedWorker } from './watched-workers.js';

/** One call as `top` shows it. */
export interface CallRow {
  readonly jobId: string;
  readonly agent: string;
  readonly tenant: string;
  readonly room: string;
  readonly durationMs: number;
  /** `silent`: its worker does not answer, and the other fields are from its last report. */
  readonly state: SessionSnapshot['status'] | 'silent';
  readonly turns: SessionTurns;
  readonly faults: SessionFaults;
  /** The number of the reload that its code came with; 0 before any. */
  readonly generation: number;
  /** CPU in percent of one core. Null until it has been measured twice. */
  readonly cpuPercent: number | null;
  readonly memoryBytes: number | null;
  /** `own`: the figures of a process that runs only this call. `shared`: an equal share of a process. */
  readonly basis: 'own' | 'shared' | null;
  readonly blocks: number;
  readonly longestBlockMs: number;
  readonly lastBlock: LoopBlock | null;
  /** The process it runs in; null when it is not known. */
  readonly pid: number | null;
  readonly workerPid: number;
}

/** The calls of all workers that have not gone. */
export function callsOf(workers: readonly WatchedWorker[]): readonly CallRow[] {
  return workers
    .filter(({ state }) => state !== 'gone')
    .flatMap((worker) =>
      (worker.report?.snapshot.sessions ?? []).map((session) => callOf(session, worker)),
    );
}

/** Where a block of the event loop happened: the user's code if it was seen, else the top of the stack. */
export function placeOf({ culprit, stack }: LoopBlock): LoopBlock['culprit'] {
  return culprit ?? stack[0];
}

function callOf(session: SessionSnapshot, worker: WatchedWorker): CallRow {
  const { jobId, agent, tenant, room, durationMs, status, turns, faults, generation } = session;
  const { blocks, resources } = session;
  return {
    jobId,
    agent,
    tenant,
    room,
    durationMs,
    state: worker.state === 'silent' ? 'silent' : status,
    turns,
    faults,
    generation,
    cpuPercent: resources?.cpuPercent ?? null,
    memoryBytes: resources?.memoryBytes ?? null,
    basis: resources?.basis ?? null,
    blocks: blocks.count,
    longestBlockMs: blocks.longestMs,
    lastBlock: blocks.last,
    pid: resources?.pid ?? null,
    workerPid: worker.report?.worker.pid ?? worker.pid,
  };
}

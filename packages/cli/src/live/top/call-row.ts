import type { LoopBlock, SessionSnapshot } from '@openrtc/core/operate';

import type { WatchedWorker } from './watched-workers.js';

/** One call as `top` shows it. */
export interface CallRow {
  readonly jobId: string;
  readonly agent: string;
  readonly tenant: string;
  readonly room: string;
  readonly durationSeconds: number;
  /** `silent`: its worker does not answer, and everything else is as it was told last. */
  readonly state: SessionSnapshot['status'] | 'silent';
  /** Of one core. Null: nobody has looked twice yet. */
  readonly cpuPercent: number | null;
  readonly memoryBytes: number | null;
  /** `own`: of a process that runs this call alone. `shared`: an equal part of a process. */
  readonly basis: 'own' | 'shared' | null;
  readonly blocks: number;
  readonly longestBlockMs: number;
  readonly lastBlock: LoopBlock | null;
  /** The process it runs in, where that is known. */
  readonly pid: number | null;
  readonly workerPid: number;
}

/** The calls of all workers that are there. */
export function callsOf(workers: readonly WatchedWorker[]): readonly CallRow[] {
  return workers
    .filter(({ state }) => state !== 'gone')
    .flatMap((worker) =>
      (worker.report?.snapshot.sessions ?? []).map((session) => callOf(session, worker)),
    );
}

function callOf(session: SessionSnapshot, worker: WatchedWorker): CallRow {
  const { jobId, agent, tenant, room, durationSeconds, status, blocks, resources } = session;
  return {
    jobId,
    agent,
    tenant,
    room,
    durationSeconds,
    state: worker.state === 'silent' ? 'silent' : status,
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

import type { WorkerReport, WorkersOfUser } from '@openrtc/core/operate';

import { defined } from '../../defined.js';

/** A worker, followed over several polls. */
export interface WatchedWorker {
  readonly pid: number;
  readonly socket: string;
  /** `silent`: it exists and does not answer. `gone`: it has ended. */
  readonly state: 'live' | 'silent' | 'gone';
  /** When it became `silent` or `gone`, on the clock of {@link updateWorkers}. */
  readonly sinceMs: number;
  /** Its last report. */
  readonly report?: WorkerReport;
  readonly problem?: string;
}

// Long enough to be noticed by someone who looked away.
const SHOW_GONE_MS = 30_000;

/** The state that `top` shows. */
export interface TopState {
  readonly workers: readonly WatchedWorker[];
  /** Folders that were not searched for workers, and why. */
  readonly problems: readonly string[];
  /** The time of the last poll, on the clock of {@link updateWorkers}. */
  readonly nowMs: number;
}

/**
 * The workers after a poll. A worker that does not answer keeps its last report; one that has ended is listed as
 * `gone` for 30 s.
 * @param nowMs - milliseconds on a monotonic clock
 */
export function updateWorkers(
  before: readonly WatchedWorker[],
  { workers }: WorkersOfUser,
  nowMs: number,
): readonly WatchedWorker[] {
  const known = new Map(before.map((worker) => [worker.socket, worker]));
  const here = workers.map(({ pid, socket, report, problem }): WatchedWorker => {
    if (report !== undefined) return { pid, socket, state: 'live', sinceMs: nowMs, report };
    const last = known.get(socket);
    return {
      pid,
      socket,
      state: 'silent',
      sinceMs: last?.state === 'silent' ? last.sinceMs : nowMs,
      problem,
      ...defined({ report: last?.report }),
    };
  });
  const sockets = new Set(here.map(({ socket }) => socket));
  const gone = before
    .filter(({ socket }) => !sockets.has(socket))
    .map((worker): WatchedWorker =>
      worker.state === 'gone' ? worker : { ...worker, state: 'gone', sinceMs: nowMs },
    )
    .filter(({ sinceMs }) => nowMs - sinceMs < SHOW_GONE_MS);
  return [...here, ...gone];
}

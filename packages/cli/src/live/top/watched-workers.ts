import type { WorkerReport, WorkersOfUser } from '@openrtc/core/operate';

/** A worker over several looks. */
export interface WatchedWorker {
  readonly pid: number;
  readonly socket: string;
  /** `silent`: it is there and does not answer. `gone`: it was there a moment ago. */
  readonly state: 'live' | 'silent' | 'gone';
  /** Since when it is `silent` or `gone`, in the time of {@link nextLook}. */
  readonly sinceMs: number;
  /** What it told last. */
  readonly report?: WorkerReport;
  readonly problem?: string;
}

// Long enough to be seen by somebody who looked away.
const SHOW_GONE_MS = 30_000;

/** The workers after another look: what those told last that do not answer, and those that are gone. */
export function nextLook(
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
      ...(last?.report === undefined ? {} : { report: last.report }),
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

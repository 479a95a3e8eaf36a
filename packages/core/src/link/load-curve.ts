/** The load of a worker, as it is reported to LiveKit. */
export interface WorkerLoad {
  /** True when LiveKit should offer no more jobs. */
  readonly full: boolean;
  /** The load, from 0 to 1. */
  readonly load: number;
  /** The number of calls, accepted ones included. */
  readonly jobCount: number;
}

/*
 * The server stops offering jobs to a worker whose load has reached its `agents.target_load`, by default 0.7. With a
 * load of `calls / max` it would stop at 35 of 50. So the load stays below that target until the worker is full, and
 * only then becomes 1. Measured: a worker at 0.69 is still offered jobs, a worker at 0.70 is not.
 */
const LOAD_BEFORE_FULL = 0.69;

/**
 * The load to report for `calls` of at most `max`, so that the server fills the worker up to `max`. Never NaN: one
 * worker that reports NaN stops dispatch for every worker with the same agent name.
 */
export function workerLoad(calls: number, max: number, closedToCalls: boolean): WorkerLoad {
  const full = closedToCalls || calls >= max;
  const share = max > 0 && Number.isFinite(calls) ? Math.min(1, Math.max(0, calls / max)) : 1;
  return { full, load: full ? 1 : LOAD_BEFORE_FULL * share, jobCount: calls };
}

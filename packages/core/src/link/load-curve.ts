/** What one status message says of this worker. */
export interface WorkerLoad {
  readonly full: boolean;
  /** 0 to 1. */
  readonly load: number;
  readonly jobCount: number;
}

/*
 * The server stops offering jobs to a worker whose load has reached its `agents.target_load`, 0.7 by
 * default: a plain `active / max` would stop at 35 of 50. So the load stays below the target until the
 * last place is taken, and only a full worker reports 1. Measured: 0.69 is still offered jobs, 0.70 is not.
 */
const LOAD_BEFORE_FULL = 0.69;

/**
 * The load to report for `taken` of `max` places, so that the server fills the worker to its real cap.
 * Never NaN: one worker that reports NaN stops dispatch for every worker of the same agent name.
 */
export function workerLoad(taken: number, max: number, closedToCalls: boolean): WorkerLoad {
  const full = closedToCalls || taken >= max;
  const share = max > 0 && Number.isFinite(taken) ? Math.min(1, Math.max(0, taken / max)) : 1;
  return { full, load: full ? 1 : LOAD_BEFORE_FULL * share, jobCount: taken };
}

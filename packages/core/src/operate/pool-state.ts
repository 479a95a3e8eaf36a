/** The state of a pool. `run()` takes it from `idle` to `closed`, once. */
export type PoolState = 'idle' | 'starting' | 'running' | 'draining' | 'closed';

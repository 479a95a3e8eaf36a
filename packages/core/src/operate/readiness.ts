import type { LinkState } from '../link/worker-link.js';

/** The state of a pool. `run()` takes it from `idle` to `closed`, once. */
export type PoolState = 'idle' | 'starting' | 'running' | 'draining' | 'closed';

/**
 * Why a worker accepts no calls.
 *
 * - `starting`: it has not registered yet, or what calls share is being loaded
 * - `draining`, `closed`: it will not accept calls again
 * - `full`: every place is occupied
 * - `busy`: its event loop or its memory is fully used by the calls it has
 * - `disconnected`: the connection to LiveKit was lost and is being re-established
 */
export type NotReady = 'starting' | 'draining' | 'closed' | 'full' | 'busy' | 'disconnected';

/** The facts that {@link readiness} depends on. */
export interface ReadinessFacts {
  /** The state of the pool. */
  readonly state: PoolState;
  /** The state of the connection to LiveKit; `none` before the worker runs. */
  readonly livekit: LinkState | 'none';
  /** Undefined before the worker runs. */
  readonly admission: { readonly full: boolean; readonly paused: boolean } | undefined;
}

/** All reasons why the worker accepts no calls; empty if it accepts them. */
export function readiness({ state, livekit, admission }: ReadinessFacts): readonly NotReady[] {
  switch (state) {
    case 'idle':
    case 'starting':
      return ['starting'];
    case 'closed':
      return ['closed'];
    case 'running':
    case 'draining':
      return [
        ...(state === 'draining' ? (['draining'] as const) : []),
        ...(admission?.full === true ? (['full'] as const) : []),
        ...(admission?.paused === true ? (['busy'] as const) : []),
        ...(livekit === 'registered' ? [] : (['disconnected'] as const)),
      ];
  }
}

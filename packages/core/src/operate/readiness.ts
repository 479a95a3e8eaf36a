import type { LinkState } from '../link/worker-link.js';
import type { PoolState } from './pool-state.js';

/**
 * Why a worker takes no calls.
 *
 * - `starting`: it has not registered yet, or what calls share is being loaded
 * - `draining`, `closed`: it never will again
 * - `full`: every place is taken
 * - `busy`: the calls it has are all that its event loop carries
 * - `disconnected`: it has lost LiveKit, and connects again
 */
export type NotReady = 'starting' | 'draining' | 'closed' | 'full' | 'busy' | 'disconnected';

export interface ReadinessFacts {
  readonly state: PoolState;
  readonly livekit: LinkState | 'none';
  /** Undefined before the worker runs. */
  readonly admission: { readonly full: boolean; readonly paused: boolean } | undefined;
}

/** Every reason there is; none for a worker that takes calls. */
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

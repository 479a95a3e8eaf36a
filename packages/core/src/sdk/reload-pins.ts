import type { voice } from '@livekit/agents';

/** Keeps a call on its code until it is released. */
export interface ReloadPin extends Disposable {
  /** Releases the call. Does nothing the second time. */
  release(): void;
}

const pins = new WeakMap<voice.AgentSession, number>();
const listeners = new WeakMap<voice.AgentSession, Set<() => void>>();

/**
 * Keeps a call on the code that it has: no reload changes its agents until the pin is released, as in the middle of a
 * payment. Pins are counted. A change that has come meanwhile is made when the last pin is released.
 *
 * ```ts
 * using pin = pinReload(this.session);
 * ```
 */
export function pinReload(session: voice.AgentSession): ReloadPin {
  pins.set(session, (pins.get(session) ?? 0) + 1);
  let released = false;
  const release = () => {
    if (released) return;
    released = true;
    const left = (pins.get(session) ?? 1) - 1;
    pins.set(session, left);
    if (left === 0) for (const listener of listeners.get(session) ?? []) listener();
  };
  return { release, [Symbol.dispose]: release };
}

/** Whether a call is pinned. */
export function isPinned(session: voice.AgentSession): boolean {
  return (pins.get(session) ?? 0) > 0;
}

/** Calls `listener` when the last pin of a call is released. Returns a function that stops that. */
export function onUnpinned(session: voice.AgentSession, listener: () => void): () => void {
  const known = listeners.get(session) ?? new Set();
  listeners.set(session, known.add(listener));
  return () => void known.delete(listener);
}

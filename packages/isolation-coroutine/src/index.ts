import type { IsolationStrategy } from '@openrtc/core';
import type { Isolation } from '@openrtc/core/isolation';

/**
 * Every call in the worker's own process, on its one event loop: the densest isolation. It is no
 * boundary: a call that blocks the loop stalls its neighbours, and a native crash ends them all.
 */
export function coroutine(): IsolationStrategy {
  return {
    name: 'coroutine',
    async open(host, signal): Promise<Isolation> {
      const closing = new AbortController();
      await host.prewarm(AbortSignal.any([signal, closing.signal]));
      return {
        run: (ticket, signal) => host.runSession(ticket, signal),
        async [Symbol.asyncDispose]() {
          closing.abort();
        },
      };
    },
  };
}

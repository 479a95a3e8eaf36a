import type { IsolationStrategy } from '@openrtc/core';
import type { Isolation } from '@openrtc/core/isolation';

/**
 * Runs every call in the worker's own process, on its event loop. This needs the least memory and CPU, but isolates
 * nothing: a call that blocks the event loop stalls the others, and a native crash ends all of them.
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

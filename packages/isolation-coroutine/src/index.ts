import type { IsolationStrategy } from '@openrtc/core';
import { type Isolation, checkKeys } from '@openrtc/core/isolation';

/**
 * Runs every call in the worker's own process, on its event loop. This needs the least memory and CPU, but isolates
 * nothing: a call that blocks the event loop stalls the others, and a native crash ends all of them.
 * @param options - none so far
 * @throws OpenRtcError `CONFIG_INVALID_OPTION` for any option.
 */
export function coroutine(options: Readonly<Record<string, never>> = {}): IsolationStrategy {
  checkKeys('coroutine()', options, []);
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

import { createHook } from 'node:async_hooks';

import { type CurrentCall, currentCall } from './current-call.js';

// What keeps a process busy, by the names that Node's async hooks have for it.
const KINDS: ReadonlySet<string> = new Set(['Timeout', 'PROCESSWRAP', 'PIPEWRAP', 'TCPWRAP']);

/** Records what code of calls has opened and not closed: timers, child processes, pipes, sockets. */
export class CallResources implements Disposable {
  readonly #live = new Map<number, { readonly call: CurrentCall; readonly kind: string }>();
  readonly #hook = createHook({
    init: (id, kind) => {
      if (!KINDS.has(kind)) return;
      const call = currentCall();
      if (call !== undefined) this.#live.set(id, { call, kind });
    },
    destroy: (id) => void this.#live.delete(id),
  }).enable();

  /** What code of a call has open, by kind. */
  of(call: CurrentCall): string[] {
    return [...this.#live.values()].filter((each) => each.call === call).map(({ kind }) => kind);
  }

  [Symbol.dispose](): void {
    this.#hook.disable();
  }
}

import { createHook } from 'node:async_hooks';

/** Records the timers that code of this package sets and has not cleared. The SDK and Vitest have their own. */
export class TimerWatch implements Disposable {
  readonly #live = new Map<number, string>();
  readonly #hook = createHook({
    init: (id, type) => {
      const frames = (new Error().stack ?? '')
        .split('\n')
        .slice(1)
        .filter((line) => !/node:|TimerWatch|AsyncHook/.test(line));
      if (type === 'Timeout' && frames[0]?.includes('/core/src/'))
        this.#live.set(id, frames[0].trim());
    },
    destroy: (id) => void this.#live.delete(id),
  }).enable();

  /** The stack frames that set the timers still pending. */
  async left(): Promise<string[]> {
    // Node reports the end of a timer in a later tick.
    for (const _ of [1, 2]) await new Promise((resolve) => setImmediate(resolve));
    return [...this.#live.values()];
  }

  [Symbol.dispose](): void {
    this.#hook.disable();
  }
}

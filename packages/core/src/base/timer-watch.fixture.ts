import { createHook } from 'node:async_hooks';

/** Every timer that is set and not over, by the line of ours that set it. The SDK and Vitest have their own. */
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

  async left(): Promise<string[]> {
    // Node tells of the end of a timer in a later tick.
    for (const _ of [1, 2]) await new Promise((resolve) => setImmediate(resolve));
    return [...this.#live.values()];
  }

  [Symbol.dispose](): void {
    this.#hook.disable();
  }
}

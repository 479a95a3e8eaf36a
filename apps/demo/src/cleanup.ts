import { orAborted } from './interrupt.js';

type Close = () => Promise<unknown>;

/** Everything that was started and must be closed at the end, in reverse order. */
export class Cleanup {
  readonly #closes: Close[] = [];

  /** Adds something to be closed at the end. */
  add(close: Close): void {
    this.#closes.push(close);
  }

  /** Waits for something that starts. It is closed at the end even when `signal` aborts the wait. */
  own<T>(
    starting: Promise<T>,
    close: (started: T) => Promise<unknown>,
    signal: AbortSignal,
  ): Promise<T> {
    this.add(async () => {
      // If it failed to start, it has cleaned up after itself, and the wait has rejected.
      const started = await starting.catch(() => undefined);
      if (started !== undefined) await close(started);
    });
    return orAborted(signal, starting);
  }

  /** Closes everything, even when one of them fails. */
  async close(): Promise<void> {
    const errors: unknown[] = [];
    for (const close of this.#closes.splice(0).toReversed()) {
      await close().catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0)
      throw new AggregateError(errors, `could not clean up: ${errors.join('; ')}`);
  }
}

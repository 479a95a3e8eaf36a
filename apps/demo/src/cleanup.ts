import { orAborted } from './interrupt.js';

type Close = () => Promise<unknown>;

/** What was started and has to be gone at the end, the last first. */
export class Cleanup {
  readonly #closes: Close[] = [];

  /** Adds something to be closed at the end. */
  add(close: Close): void {
    this.#closes.push(close);
  }

  /** Waits for something that starts; it is closed at the end also when `signal` aborts the wait. */
  own<T>(
    starting: Promise<T>,
    close: (started: T) => Promise<unknown>,
    signal: AbortSignal,
  ): Promise<T> {
    this.add(async () => {
      // What failed to start has cleaned up after itself, and who waits was told.
      const started = await starting.catch(() => undefined);
      if (started !== undefined) await close(started);
    });
    return orAborted(signal, starting);
  }

  /** Closes all; an error of one does not keep the others from it. */
  async close(): Promise<void> {
    const errors: unknown[] = [];
    for (const close of this.#closes.splice(0).toReversed()) {
      await close().catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0)
      throw new AggregateError(errors, `could not clean up: ${errors.join('; ')}`);
  }
}

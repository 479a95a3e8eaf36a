import { OpenRtcError } from '../../base/errors.js';

interface Waiter {
  readonly holds: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: OpenRtcError) => void;
}

/** Lets tests wait for a state instead of sleeping: conditions are checked again after every change. */
export class Changes {
  readonly #waiters = new Set<Waiter>();
  #closed = false;

  /** Checks every condition again. Called after each change. */
  notify(): void {
    for (const waiter of this.#waiters) {
      settle(waiter);
    }
  }

  /**
   * Resolves as soon as `holds` returns true. Rejects with `LINK_CLOSED` if the endpoint closes first or after
   * `timeoutMs`; the error contains `what`. Rejects with `INTERNAL` if `holds` throws.
   */
  until(holds: () => boolean, what: string, timeoutMs: number): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const done = (finish: () => void) => () => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        finish();
      };
      const fail = (why: string) =>
        new OpenRtcError('LINK_CLOSED', `waited for ${what}, but ${why}`);
      const waiter: Waiter = {
        holds,
        resolve: () => done(resolve)(),
        reject: (error) => done(() => reject(error))(),
      };
      const timer = setTimeout(
        () => waiter.reject(fail(`it did not come within ${timeoutMs} ms`)),
        timeoutMs,
      );
      this.#waiters.add(waiter);
      if (this.#closed) {
        waiter.reject(fail('the endpoint is closed'));
      } else {
        settle(waiter);
      }
    });
  }

  /** Rejects every waiter, now and later. */
  close(): void {
    this.#closed = true;
    for (const waiter of this.#waiters) {
      waiter.reject(new OpenRtcError('LINK_CLOSED', 'the embedded LiveKit endpoint was closed'));
    }
  }
}

function settle(waiter: Waiter): void {
  try {
    if (waiter.holds()) {
      waiter.resolve();
    }
  } catch (error) {
    waiter.reject(
      new OpenRtcError('INTERNAL', 'the awaited condition threw an error', { cause: error }),
    );
  }
}

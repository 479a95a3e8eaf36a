import { type FfiEvent, bigintIn } from './ffi-message.js';

interface Waiter {
  readonly asyncId: bigint | undefined;
  readonly fits: (event: FfiEvent) => boolean;
  readonly resolve: (value: unknown) => void;
}

/** The requests to the native library that wait for an answer, by async id where it is known. */
export class FfiWaiters {
  readonly #waiters = new Map<bigint | undefined, Set<Waiter>>();
  #offered = 0;

  /** How many times a waiter was offered an event so far. */
  get offered(): number {
    return this.#offered;
  }

  /** Number of requests that wait. */
  get size(): number {
    return [...this.#waiters.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Resolves with the value of the first event that `fits`. Rejects with the reason of `signal` when it aborts.
   * @param asyncId - async id of the request, if known: its waiter is offered the event first
   */
  add(
    asyncId: bigint | undefined,
    fits: (event: FfiEvent) => boolean,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.#drop(waiter);
        signal?.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter = {
        asyncId,
        fits,
        resolve: (value) => {
          stop();
          resolve(value);
        },
      };
      const onAbort = () => {
        stop();
        reject(signal?.reason ?? new Error('waitFor aborted'));
      };
      if (signal?.aborted) return onAbort();
      signal?.addEventListener('abort', onAbort);
      const others = this.#waiters.get(asyncId);
      if (others === undefined) this.#waiters.set(asyncId, new Set([waiter]));
      else others.add(waiter);
    });
  }

  /**
   * Offers an event to the waiters of its async id and, when none of them takes it, to all the others. Returns whether
   * one took it.
   */
  answer(event: FfiEvent): boolean {
    const asyncId = bigintIn(event.message.value, 'asyncId');
    const first = asyncId === undefined ? undefined : this.#waiters.get(asyncId);
    if (first !== undefined && this.#offer(first, event)) return true;
    let answered = false;
    for (const waiters of this.#waiters.values())
      if (waiters !== first && this.#offer(waiters, event)) answered = true;
    return answered;
  }

  #offer(waiters: ReadonlySet<Waiter>, event: FfiEvent): boolean {
    let answered = false;
    for (const waiter of waiters) {
      this.#offered += 1;
      if (!waiter.fits(event)) continue;
      answered = true;
      waiter.resolve(event.message.value);
    }
    return answered;
  }

  #drop(waiter: Waiter): void {
    const waiters = this.#waiters.get(waiter.asyncId);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#waiters.delete(waiter.asyncId);
  }
}

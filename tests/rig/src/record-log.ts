/** Options of {@link RecordLog.waitFor}. */
export interface WaitOptions {
  /** Failure time-out; default 30 000. */
  timeoutMs?: number;
  /** What it waits for, for the message of the time-out. */
  what?: string;
  /** Index of the first record that counts; default 0, so past records count. */
  from?: number;
}

interface Waiter<T> {
  offer(record: T): void;
  fail(error: Error): void;
}

/** An append-only list that can be waited on, for log lines, messages and events. */
export class RecordLog<T> {
  readonly #records: T[] = [];
  readonly #waiters = new Set<Waiter<T>>();
  #closedWith: Error | undefined;

  /** Every record so far, oldest first. */
  get all(): readonly T[] {
    return this.#records;
  }

  /** Adds a record and resolves the waits that it fits. */
  append(record: T): void {
    this.#records.push(record);
    for (const waiter of this.#waiters) waiter.offer(record);
  }

  /** Ends the log: every current and later wait rejects with `error`. */
  close(error: Error): void {
    this.#closedWith ??= error;
    for (const waiter of this.#waiters) waiter.fail(error);
  }

  /** The first record that fits, past or future; rejects at the time-out or when the log closes. */
  waitFor<S extends T>(predicate: (record: T) => record is S, options?: WaitOptions): Promise<S>;
  waitFor(predicate: (record: T) => boolean, options?: WaitOptions): Promise<T>;
  waitFor(predicate: (record: T) => boolean, options: WaitOptions = {}): Promise<T> {
    const { timeoutMs = 30_000, what = 'a record', from = 0 } = options;
    const found = this.#records.slice(from).find(predicate);
    if (found !== undefined) return Promise.resolve(found);
    if (this.#closedWith) return Promise.reject(this.#closedWith);
    // Made here, so that its stack names who waits and not the timer.
    const late = new Error();
    return new Promise((resolve, reject) => {
      const settle = (action: () => void): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        action();
      };
      const waiter: Waiter<T> = {
        offer: (record) => {
          if (predicate(record)) settle(() => resolve(record));
        },
        fail: (error) => settle(() => reject(error)),
      };
      const timer = setTimeout(() => {
        late.message = `Waited ${timeoutMs} ms for ${what}; ${this.#records.length} records came.${this.#last()}`;
        waiter.fail(late);
      }, timeoutMs);
      this.#waiters.add(waiter);
    });
  }

  /** The last records, for the message of a time-out. */
  #last(): string {
    const lines = this.#records.slice(-8).map((record) => JSON.stringify(record)?.slice(0, 300));
    return lines.length === 0 ? '' : ` The last:\n${lines.join('\n')}`;
  }
}

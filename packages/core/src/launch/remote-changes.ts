import { type Deferred, deferred } from '../base/deferred.js';
import { type PlainError, fromPlainError } from '../base/errors.js';
import type { CodeChange, CodeEvent } from '../call/code-change.js';
import type { PreparedChange } from './isolation-strategy.js';
import type { FromSessions, ToSessions } from './wire.js';

type Answer = Extract<FromSessions, { readonly kind: 'code_prepared' | 'code_used' }>;

/** New code on its way to the other end of a channel, and the answers. */
export class RemoteChanges {
  readonly #send: (message: ToSessions) => void;
  readonly #waiting = new Map<
    number,
    { readonly prepared: Deferred<void>; readonly used: Deferred<readonly CodeEvent[]> }
  >();
  #last: number | undefined;
  #ids = 0;

  constructor(send: (message: ToSessions) => void) {
    this.#send = send;
  }

  /** Prepares the other end. Of several changes, only the last one can be used. */
  async prepare(change: CodeChange): Promise<PreparedChange> {
    // One that was not used, because another process could not use it.
    if (this.#last !== undefined) this.#waiting.delete(this.#last);
    this.#ids += 1;
    const id = this.#ids;
    this.#last = id;
    const prepared = deferred();
    const used = deferred<readonly CodeEvent[]>();
    // It may fail before anyone waits for it.
    used.promise.catch(() => {});
    this.#waiting.set(id, { prepared, used });
    this.#send({ kind: 'prepare_code', id, change });
    try {
      await prepared.promise;
    } catch (error) {
      this.#waiting.delete(id);
      throw error;
    }
    return {
      commit: async () => {
        this.#send({ kind: 'use_code', id });
        try {
          return await used.promise;
        } finally {
          this.#waiting.delete(id);
        }
      },
    };
  }

  /** Handles an answer of the other end. */
  answered(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    const { prepared, used } = waiting;
    if (answer.kind === 'code_prepared') settle(prepared, undefined, answer.error);
    else settle(used, answer.events, answer.error);
  }

  /** The other end is gone. */
  fail(error: Error): void {
    for (const { prepared, used } of this.#waiting.values()) {
      prepared.reject(error);
      used.reject(error);
    }
  }
}

function settle<Value>(waiting: Deferred<Value>, value: Value, error: PlainError | undefined) {
  if (error === undefined) waiting.resolve(value);
  else waiting.reject(fromPlainError(error));
}

import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as nextTick } from 'node:timers/promises';

import { deferred } from '../base/deferred.js';
import { OpenRtcError, messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { failedPlace, placeText } from '../base/source-place.js';
import { withLoadPatches } from '../sdk/patches.js';
import { loadWithoutWorkers } from '../sdk/worker-starts.js';

/*
 * A reload runs the top level of new code, and its constructors, in a process that has calls. What that code does is
 * its own affair: it can have the reload refused, and nothing else. The async context tells which code it is, also
 * later: a timer that it has set keeps the context.
 */

const STORAGE = Symbol.for('@openrtc/core:verification');
const globals = globalThis as { [STORAGE]?: AsyncLocalStorage<Verification> };

// One for the process: a project may have loaded this package a second time.
const storage = (globals[STORAGE] ??= new AsyncLocalStorage<Verification>());

// The words of an error may differ each time.
const MOST_MESSAGES = 100;

/** The code of one reload in one process, while it is loaded and tried, and what it does later. */
export class Verification {
  readonly #generation: number;
  readonly #logger: Logger;
  readonly #refused = deferred<never>();
  readonly #reported = new WeakSet<object>();
  readonly #said = new Set<string>();
  #over = false;

  constructor(generation: number, logger: Logger) {
    this.#generation = generation;
    this.#logger = logger;
  }

  /**
   * Runs `work`, which imports and constructs what is new.
   * @throws what `work` throws, or OpenRtcError `CONFIG_DISCOVERY` for what its code did meanwhile
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const say = (message: string) => this.#say(message);
    const done = storage.run(this, () =>
      withLoadPatches(say, () =>
        loadWithoutWorkers((start) => this.ignored(`LiveKit's own worker: ${start}`), work),
      ),
    );
    // Node reports a promise that nobody handles when the code that made it is done.
    const settled = done.then((value) => nextTick(value));
    try {
      return await Promise.race([this.#refused.promise, settled]);
    } finally {
      this.#over = true;
    }
  }

  /** Notes that this code has started something that the pool does, and that was not done. */
  ignored(what: string): void {
    this.#say(
      `${placeOf(new Error(what))}starts ${what} was ignored, because the pool runs already. Remove it, or put it into a file of its own`,
    );
  }

  /** Returns the error that ends the code which wanted to end the process. */
  exited(call: string): OpenRtcError {
    const place = placeOf(new Error(call));
    const error = refused(
      this.#over
        ? `${place}${call} was called by code of reload ${this.#generation}: it does not end the process, which has calls`
        : `${place}${call} was called while new code was loaded: it would end the process with all calls. Throw an error instead`,
    );
    this.#reported.add(error);
    if (this.#over) this.#late(error, error.message);
    else this.#refused.reject(error);
    return error;
  }

  /** Handles an error of this code that nothing has caught. */
  uncaught(error: unknown, origin: string): void {
    if (typeof error === 'object' && error !== null && this.#reported.has(error)) return;
    const what = `${error instanceof Error ? placeOf(error) : ''}${origin}: ${messageOf(error)}`;
    if (!this.#over) this.#refused.reject(refused(what, error));
    else
      this.#late(
        error,
        `code of reload ${this.#generation} failed later, outside of calls: ${what}`,
      );
  }

  #late(error: unknown, message: string): void {
    // An interval may fail many times.
    const level = this.#isNew(message) ? 'error' : 'debug';
    this.#logger[level]({ error, generation: this.#generation }, message);
  }

  #say(message: string): void {
    if (this.#isNew(message))
      this.#logger.warn({ generation: this.#generation }, `reload: ${message}`);
  }

  /** Whether nothing was said with these words before, as long as there are few words. */
  #isNew(message: string): boolean {
    if (this.#said.has(message) || this.#said.size >= MOST_MESSAGES) return false;
    this.#said.add(message);
    return true;
  }
}

/** The reload whose code runs now; undefined in all other code. */
export function currentVerification(): Verification | undefined {
  return storage.getStore();
}

function refused(message: string, cause?: unknown): OpenRtcError {
  return new OpenRtcError('CONFIG_DISCOVERY', message, cause === undefined ? {} : { cause });
}

/** `agents/shop.ts:3:7: `; empty when it is not known. */
function placeOf(error: Error): string {
  const place = failedPlace(error);
  return place === undefined ? '' : `${placeText(place)}: `;
}

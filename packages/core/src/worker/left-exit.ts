import { AsyncLocalStorage } from 'node:async_hooks';

import { OpenRtcError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';

/*
 * `process.exit()` in a listener of the user for uncaught errors is left to the worker: it drains for the same error, and
 * the process exits when its calls have ended.
 */

const inListener = new AsyncLocalStorage<true>();
const leftExits = new WeakSet<object>();

/** Calls a listener of others for uncaught errors. */
export function asForeignListener<T>(fn: () => T): T {
  return inListener.run(true, fn);
}

/** True in the code of such a listener, and in what it has started. */
export function inForeignListener(): boolean {
  return inListener.getStore() === true;
}

/** Returns the error that ends the code which wanted to exit, and logs it. */
export function leftToTheWorker(what: string, logger: Logger): OpenRtcError {
  const error = new OpenRtcError(
    'POOL_TAINTED',
    `${what} was called in a listener for uncaught errors: the process exits when the worker has drained. To end it now, send a second signal.`,
  );
  leftExits.add(error);
  logger.warn({}, error.message);
  return error;
}

/** True for an error of {@link leftToTheWorker}: nothing is left to be done about it. */
export function isLeftExit(error: unknown): boolean {
  return typeof error === 'object' && error !== null && leftExits.has(error);
}

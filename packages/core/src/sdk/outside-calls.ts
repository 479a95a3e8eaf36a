import { AsyncLocalStorage } from 'node:async_hooks';

// This file is loaded with the package, before any call.
const outside = AsyncLocalStorage.snapshot();

/** Runs `fn` as part of no call, and so everything that it starts: work for several calls must not end with one of them. */
export function runOutsideCalls<T>(fn: () => T): T {
  return outside(fn);
}

/** A promise with the functions that settle it. */
export interface Deferred<T> {
  /** Pending until `resolve` or `reject` is called; the first call counts. */
  readonly promise: Promise<T>;
  /** Fulfils `promise`. */
  readonly resolve: (value: T | PromiseLike<T>) => void;
  /** Rejects `promise`. */
  readonly reject: (reason: unknown) => void;
}

/** Creates a {@link Deferred}, as `Promise.withResolvers` does, which Node 20 does not have. */
export function deferred<T = void>(): Deferred<T> {
  let resolve!: Deferred<T>['resolve'];
  let reject!: Deferred<T>['reject'];
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

/** A signal has stopped the demo. */
export class Interrupted extends Error {
  /** The exit code by convention: 128 plus the number of the signal. */
  readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`stopped by ${signal}`);
    this.exitCode = signal === 'SIGINT' ? 130 : 143;
  }
}

// A single Ctrl-C may arrive twice: from the terminal and through npm.
const SAME_SIGNAL_MS = 1_000;

/** Aborts at the first SIGINT or SIGTERM; `onAgain` is called for a second one. */
export function watchSignals(onAgain: () => void): AbortSignal {
  const controller = new AbortController();
  let firstAt = 0;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (firstAt === 0) {
        firstAt = Date.now();
        controller.abort(new Interrupted(name));
      } else if (Date.now() - firstAt > SAME_SIGNAL_MS) {
        onAgain();
      }
    });
  }
  return controller.signal;
}

/** Settles like `promise`, or rejects as soon as `signal` aborts. */
export function orAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

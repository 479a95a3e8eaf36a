import type { Logger } from '../base/logger.js';
import { timeBox } from '../base/time-box.js';
import type { Isolation, IsolationHost, IsolationStrategy } from '../launch/isolation-strategy.js';

// A strategy whose opening was called off has this long to settle.
const CALLED_OFF_MS = 3_000;

/**
 * Opens a strategy. When `signal` aborts, the start does not wait long for one that ignores it; what it opens later is
 * closed again.
 * @throws the strategy's error, or the reason of `signal`
 */
export async function openIsolation(
  strategy: IsolationStrategy,
  host: IsolationHost,
  signal: AbortSignal,
  logger: Logger,
): Promise<Isolation> {
  signal.throwIfAborted();
  const opening = (async () => strategy.open(host, signal))();
  try {
    return await withinAfterAbort(opening, signal);
  } catch (error) {
    if (signal.aborted)
      opening
        .then((late) => late[Symbol.asyncDispose]())
        .catch((failure: unknown) =>
          logger.debug({ error: failure }, 'the isolation was not opened'),
        );
    throw error;
  }
}

/** Like `work`, but once `signal` has aborted it is waited for only this much longer. */
async function withinAfterAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = () => {};
  const aborted = new Promise<'aborted'>((resolve) => {
    onAbort = () => resolve('aborted');
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    const first = await Promise.race([work.then(() => 'done' as const), aborted]);
    if (first === 'done') return await work;
    const ran = await timeBox(CALLED_OFF_MS, () => work);
    if (ran.kind === 'done') return ran.value;
    throw ran.kind === 'failed' ? ran.error : signal.reason;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

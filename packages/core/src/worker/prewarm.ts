import type { JobProcess } from '@livekit/agents';

import { OpenRtcError, isOpenRtcError, messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { printable } from '../base/printable.js';
import { timeBox } from '../base/time-box.js';
import type { PrewarmFunction, PrewarmLoaders } from '../options/prewarm-option.js';

// A model file on a slow disk takes seconds; a minute means it hangs.
const PREWARM_MS = 60_000;

/** Runs the pool's `prewarm`, all of its loaders at once. */
export async function runPrewarm(
  prewarm: PrewarmFunction | PrewarmLoaders<Record<string, unknown>> | undefined,
  process: JobProcess,
  signal: AbortSignal,
  logger: Logger,
): Promise<void> {
  if (prewarm === undefined) return;
  if (typeof prewarm === 'function') {
    await inTime('Prewarm', (stop) => prewarm(process, stop), signal, logger);
    return;
  }
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const loaded = await Promise.all(
    Object.entries(prewarm).map(async ([name, load]) => {
      try {
        return [name, await inTime(`prewarm.${printable(name)}`, load, stop, logger)] as const;
      } catch (error) {
        // The start has failed: the others need not go on.
        failed.abort(error);
        throw error;
      }
    }),
  );
  Object.assign(process.userData, Object.fromEntries(loaded));
}

/**
 * What `load` gives, within a minute. `load` is handed a signal that aborts when it is not wanted any more.
 * @param what - names it in messages
 * @throws OpenRtcError `PREWARM_FAILED`, or the reason of `signal`
 */
export async function inTime<T>(
  what: string,
  load: (signal: AbortSignal) => T | Promise<T>,
  signal: AbortSignal,
  logger: Logger,
): Promise<T> {
  signal.throwIfAborted();
  const late = new AbortController();
  const stop = AbortSignal.any([signal, late.signal]);
  const work = (async () => load(stop))();
  const ran = await timeBox(PREWARM_MS, () => orAborted(work, signal));
  if (ran.kind === 'done') return ran.value;
  if (ran.kind === 'failed' && !signal.aborted) throw failure(what, ran.error);
  // Nobody waits for it any more; how it ends is only worth a line.
  work.catch((error: unknown) => logger.debug({ error }, `${what} failed after it was given up`));
  signal.throwIfAborted();
  const error = new OpenRtcError('PREWARM_FAILED', `${what} was not done within ${PREWARM_MS} ms.`);
  late.abort(error);
  throw error;
}

function failure(what: string, cause: unknown): OpenRtcError {
  // The models say themselves which package it is, and what to do.
  if (isOpenRtcError(cause)) return cause;
  return new OpenRtcError('PREWARM_FAILED', `${what} failed: ${messageOf(cause)}`, { cause });
}

/** `work`, or the reason of `signal` when that comes first; the work goes on then. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    // What was called may have aborted it.
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

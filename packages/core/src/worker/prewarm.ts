import type { JobProcess } from '@livekit/agents';

import { OpenRtcError, isOpenRtcError, messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { printable } from '../base/printable.js';
import { orAborted } from '../base/or-aborted.js';
import { timeBox } from '../base/time-box.js';
import type { PrewarmFunction, PrewarmLoaders } from '../options/prewarm-option.js';

// A model file on a slow disk takes seconds; after a minute it hangs.
const PREWARM_MS = 60_000;

/**
 * Runs the pool's `prewarm`, with all of its loaders at the same time. Their results are set on `process.userData`.
 * @throws OpenRtcError `PREWARM_FAILED`, or the reason of `signal`
 */
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
        // The start has failed, so the others can stop.
        failed.abort(error);
        throw error;
      }
    }),
  );
  Object.assign(process.userData, Object.fromEntries(loaded));
}

/**
 * Returns the result of `load`, within a minute. `load` gets a signal that aborts when its result is no longer needed.
 * @param what - its name in messages
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
  // Its result is no longer needed, so a failure is only logged.
  work.catch((error: unknown) => logger.debug({ error }, `${what} failed after it was cancelled`));
  signal.throwIfAborted();
  const error = new OpenRtcError('PREWARM_FAILED', `${what} was not done within ${PREWARM_MS} ms.`);
  late.abort(error);
  throw error;
}

function failure(what: string, cause: unknown): OpenRtcError {
  // Errors of the models already name the package and the solution.
  if (isOpenRtcError(cause)) return cause;
  return new OpenRtcError('PREWARM_FAILED', `${what} failed: ${messageOf(cause)}`, { cause });
}

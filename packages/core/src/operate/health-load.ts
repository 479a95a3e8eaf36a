import { timeBox } from '../base/time-box.js';
import type { HealthSource } from './health-routes.js';

// Nothing that reads metrics needs them more often, and it leaves the event loop to the calls.
const GAP_MS = 100;
// A collection that hangs must not be waited for by all that come later.
const COLLECT_MS = 2_500;

/**
 * The same source, which does the work of one request for all that come at the same time: one snapshot in a turn of the
 * event loop, and one collection of the metrics at a time, with a pause in between. An answer is never older than the
 * collection that ran when it was asked for.
 */
export function shareWork(source: HealthSource): HealthSource {
  return {
    info: () => source.info(),
    snapshot: oncePerTurn(() => source.snapshot()),
    metrics: oneAtATime(() => source.metrics()),
  };
}

function oncePerTurn<T>(take: () => T): () => T {
  let taken: { readonly value: T } | undefined;
  return () => {
    if (taken === undefined) {
      taken = { value: take() };
      setImmediate(() => (taken = undefined));
    }
    return taken.value;
  };
}

function oneAtATime<T>(collect: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  let endedAt = Number.NEGATIVE_INFINITY;
  const collectLater = async () => {
    const pause = endedAt + GAP_MS - performance.now();
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    const ran = await timeBox(COLLECT_MS, collect);
    endedAt = performance.now();
    running = undefined;
    if (ran.kind === 'done') return ran.value;
    throw ran.kind === 'failed' ? ran.error : new Error(`no metrics within ${COLLECT_MS} ms`);
  };
  return () => (running ??= collectLater());
}

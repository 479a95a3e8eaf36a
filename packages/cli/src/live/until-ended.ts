import { setTimeout as delay } from 'node:timers/promises';

import type { Host } from '../host.js';

const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs work that goes on until it is aborted: by the work itself, by a signal, or because its output is closed
 * (`openrtc logs --follow … | head`).
 */
export async function untilEnded(
  { stdout }: Pick<Host, 'stdout'>,
  work: (ending: AbortController) => Promise<void>,
): Promise<void> {
  const ending = new AbortController();
  const end = () => ending.abort();
  for (const signal of END_SIGNALS) process.on(signal, end);
  stdout.on('error', end).on('close', end);
  try {
    await work(ending);
  } finally {
    stdout.off('error', end).off('close', end);
    for (const signal of END_SIGNALS) process.off(signal, end);
  }
}

/** Calls `poll`, waits `everyMs` milliseconds, and calls it again, until the signal is aborted. */
export async function pollEvery(
  everyMs: number,
  signal: AbortSignal,
  poll: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    await poll();
    // It rejects when it is aborted, which ends the loop.
    await delay(everyMs, undefined, { signal }).catch(() => {});
  }
}

import type { LiveHost } from './live-host.js';

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs something that goes on until it is told to end, by a signal, or because nobody reads its output any more
 * (`openrtc logs --follow … | head`).
 */
export async function untilEnded(
  { stdout }: LiveHost,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const ending = new AbortController();
  const end = () => ending.abort();
  for (const signal of ENDING) process.on(signal, end);
  stdout.on('error', end).on('close', end);
  try {
    await work(ending.signal);
  } finally {
    stdout.off('error', end).off('close', end);
    for (const signal of ENDING) process.off(signal, end);
  }
}

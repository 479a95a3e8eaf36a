import { MIB } from '../../live/figures.js';

const REPORT_MS = 2_000;

/** Options of {@link reportProgress}. */
export interface ProgressOptions {
  /** The number of bytes downloaded so far, and before. */
  readonly bytes: () => Promise<number>;
  readonly report: (message: string) => void;
  /** Milliseconds between two reports. Default: 2000. */
  readonly everyMs?: number;
}

/**
 * Reports how much has been downloaded while work is going on, whenever it is more than before. Plugins do not report
 * their downloads, but all of them use one cache.
 */
export async function reportProgress(
  work: () => unknown,
  { bytes, report, everyMs = REPORT_MS }: ProgressOptions,
): Promise<void> {
  const before = await bytes();
  let reported = 0;
  const update = async () => {
    const mib = Math.floor(((await bytes()) - before) / MIB);
    if (mib <= reported) return;
    reported = mib;
    report(`${mib} MiB so far`);
  };
  // An unreadable cache must not stop a download: the plugin reports what is wrong with it.
  const timer = setInterval(() => void update().catch(() => {}), everyMs);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
}

const EVERY_MS = 2_000;
const MIB = 1_024 * 1_024;

/** What {@link tellProgress} is told. */
export interface ProgressOptions {
  /** How much there is by now. */
  readonly bytes: () => Promise<number>;
  readonly say: (words: string) => void;
  /** Default: 2 s. */
  readonly everyMs?: number;
}

/**
 * Says how much has come while work goes on, whenever it is more than before: plugins say nothing of their downloads,
 * but all put them into one cache.
 */
export async function tellProgress(
  work: () => unknown,
  { bytes, say, everyMs = EVERY_MS }: ProgressOptions,
): Promise<void> {
  const before = await bytes();
  let told = 0;
  const tell = async () => {
    const mib = Math.floor(((await bytes()) - before) / MIB);
    if (mib <= told) return;
    told = mib;
    say(`${mib} MiB so far`);
  };
  // A cache that cannot be looked into is no reason to stop a download: it is the plugin's to say what is wrong with it.
  const timer = setInterval(() => void tell().catch(() => {}), everyMs);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
}

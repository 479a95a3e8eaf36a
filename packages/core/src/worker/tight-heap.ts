import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// V8 lets a heap that starts at 40 MB grow to about twice that before it looks through all of it. Calls fill that up in
// minutes: what one holds for seconds, the audio of a turn above all, outlives two scavenges and then waits for the
// look. With a third of it ten calls held 5.8 MiB of PSS each after 75 s instead of 9.4 to 10.2 (Node 20); what the
// looks took, 90 ms in that time, did not show in the CPU time of the worker.
const GROWTH = '--heap-growing-percent=30';
// The young generation of Node 24 doubles to 100 MB, both halves, which is 13 MiB a call of ten instead of 8: for 43
// scavenges in 90 s instead of 55. At 1 MB they took ten times the CPU; at this, what Node 20 has, it did not show.
const YOUNG_MB = 16;
const NO_GROWTH = '--semi-space-growth-factor=1';
const LOOK_EVERY_MS = 1_000;
const MB = 1024 * 1024;

/**
 * Collects what loading has left behind, and has V8 collect earlier from here on, for as long as the process lives.
 * For a process that is the pool's own, when all is loaded and no call is there yet: it stops for some 50 ms. A flag
 * that the user has set, in `execArgv` or NODE_OPTIONS, stays as it is.
 */
export function tightenHeap(
  given: readonly string[] = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''],
): void {
  const free = (flag: string) => !given.some((each) => sameFlag(each, flag));
  if (free(GROWTH)) setFlagsFromString(GROWTH);
  // V8 sets its limit by it when it has collected.
  collect();
  if (free(NO_GROWTH) && free('--max-semi-space-size')) holdYoungGeneration();
}

/** V8 takes underscores for dashes, and NODE_OPTIONS holds several flags. */
function sameFlag(given: string, flag: string): boolean {
  const [name = ''] = flag.split('=');
  return given.replaceAll('_', '-').includes(name);
}

function collect(): void {
  setFlagsFromString('--expose-gc');
  try {
    (runInNewContext('gc') as () => void)();
  } finally {
    if (!('gc' in globalThis)) setFlagsFromString('--no-expose-gc');
  }
}

/** It starts small and doubles under calls: V8 takes no limit for it any more, but can be kept from doubling. */
function holdYoungGeneration(): void {
  const looks = setInterval(() => {
    if (youngMb() < YOUNG_MB) return;
    setFlagsFromString(NO_GROWTH);
    clearInterval(looks);
  }, LOOK_EVERY_MS).unref();
}

/** One half of it: V8 copies what lives from one to the other. A page of each is not counted in. */
function youngMb(): number {
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  return Math.round((young?.space_size ?? 0) / MB / 2);
}

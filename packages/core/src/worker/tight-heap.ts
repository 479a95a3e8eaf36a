import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// V8 lets a heap that starts at 40 MB grow to about twice that before a full collection. Calls fill it in minutes: data
// that a call holds for seconds, above all the audio of a turn, survives two scavenges and then waits for the full
// collection. With a third of the growth, ten calls held 5.8 MiB of PSS each after 75 s instead of 9.4 to 10.2 (Node
// 20). The full collections took 90 ms in that time, which was not visible in the CPU time of the worker.
const GROWTH = '--heap-growing-percent=30';
// The young generation of Node 24 doubles to 100 MB for both halves. With ten calls that is 13 MiB per call instead of
// 8, for 43 scavenges in 90 s instead of 55. With 1 MB, scavenges took ten times the CPU; with this, the size in Node
// 20, the difference was not visible.
const YOUNG_MB = 16;
const NO_GROWTH = '--semi-space-growth-factor=1';
const CHECK_EVERY_MS = 1_000;
const MB = 1024 * 1024;

/**
 * Collects the garbage that loading has left, and makes V8 collect earlier from now on, for as long as the process
 * lives. For a process that runs only the pool, when everything is loaded and there is no call yet: it stops for about
 * 50 ms. A flag that the user has set is not changed.
 * @param given - the flags that the user has set. Default: those in `execArgv` and NODE_OPTIONS
 */
export function tightenHeap(
  given: readonly string[] = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''],
): void {
  const free = (flag: string) => !given.some((each) => sameFlag(each, flag));
  if (free(GROWTH)) setFlagsFromString(GROWTH);
  // V8 applies the flag at the next full collection.
  collect();
  if (free(NO_GROWTH) && free('--max-semi-space-size')) holdYoungGeneration();
}

/** True when `given` has the flag. V8 treats underscores as dashes, and NODE_OPTIONS may have several flags. */
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

/** It starts small and doubles under calls. V8 accepts no limit for it after the start, but can stop doubling it. */
function holdYoungGeneration(): void {
  const checks = setInterval(() => {
    if (youngMb() < YOUNG_MB) return;
    setFlagsFromString(NO_GROWTH);
    clearInterval(checks);
  }, CHECK_EVERY_MS).unref();
}

/** Size of one half: V8 copies live objects from one half to the other. One page of each half is not counted. */
function youngMb(): number {
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  return Math.round((young?.space_size ?? 0) / MB / 2);
}

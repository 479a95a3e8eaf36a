import { readFileSync } from 'node:fs';
import { type IntervalHistogram, monitorEventLoopDelay, performance } from 'node:perf_hooks';

import { usableCores } from './cores.js';

const EVERY_MS = 2_000;
// At 5 ms the timer of the meter alone took 1.5 % of a core, half of what an idle worker used. What is looked
// for is far above 20.
const RESOLUTION_MS = 20;

/** How the event loop of this process did for about two seconds. */
export interface LoopReading {
  /** How late timers came: of a hundred of them, all but one came sooner. */
  readonly lagMs: number;
  /** How long the loop was not idle: at work, or kept from it. */
  readonly busyMs: number;
  /** CPU time of the loop's thread; of all threads where the system does not tell them apart. */
  readonly threadMs: number;
  /** CPU time of the whole process, as a share of all cores it may use. */
  readonly share: number;
}

/** Measures the event loop it was made on, until it is disposed of. */
export class LoopMeter implements Disposable {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #cores = usableCores();
  readonly #timer: NodeJS.Timeout;
  #last = sample();

  constructor(onReading: (reading: LoopReading) => void) {
    this.#histogram.enable();
    this.#timer = setInterval(() => onReading(this.#read()), EVERY_MS).unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }

  #read(): LoopReading {
    const now = sample();
    const last = this.#last;
    this.#last = now;
    const lagMs = Math.max(0, this.#histogram.percentile(99) / 1e6 - RESOLUTION_MS);
    this.#histogram.reset();
    return {
      lagMs,
      busyMs: performance.eventLoopUtilization(now.loop, last.loop).active,
      threadMs: now.threadMs - last.threadMs,
      share: (now.processMs - last.processMs) / ((now.at - last.at) * this.#cores),
    };
  }
}

function sample() {
  const { user, system } = process.cpuUsage();
  const processMs = (user + system) / 1_000;
  return {
    at: performance.now(),
    loop: performance.eventLoopUtilization(),
    processMs,
    threadMs: threadMs() ?? processMs,
  };
}

/** CPU time of this thread. Node 20 tells that of the whole process alone. */
function threadMs(): number | undefined {
  try {
    const [nanoseconds] = readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ');
    return Number(nanoseconds) / 1e6;
  } catch {
    // Not Linux, or one without these figures.
    return undefined;
  }
}

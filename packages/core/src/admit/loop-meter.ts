import { readFileSync } from 'node:fs';
import { type IntervalHistogram, monitorEventLoopDelay, performance } from 'node:perf_hooks';

import { usableCores } from './cores.js';

const INTERVAL_MS = 2_000;
// At 5 ms the timer of the meter alone took 1.5 % of a core, half of what an idle worker used. Lag that matters is far
// above 20 ms.
const RESOLUTION_MS = 20;

/** A measurement of the event loop of this process over about two seconds. */
export interface LoopReading {
  /** The lag of timers in milliseconds, 99th percentile. */
  readonly lagMs: number;
  /** The time in milliseconds in which the loop was not idle: it was running, or waiting for a core. */
  readonly busyMs: number;
  /** The CPU time of the thread of the loop, in milliseconds; of all threads where the system reports no other. */
  readonly threadMs: number;
  /** The CPU time of the whole process, as a share (0 to 1) of all cores it may use. */
  readonly share: number;
}

/** Measures the event loop of this thread until it is disposed. Calls `onReading` every two seconds. */
export class LoopMeter implements Disposable {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #cores = usableCores();
  readonly #timer: NodeJS.Timeout;
  #last = sample();

  constructor(onReading: (reading: LoopReading) => void) {
    this.#histogram.enable();
    this.#timer = setInterval(() => onReading(this.#read()), INTERVAL_MS).unref();
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

/** The CPU time of this thread in milliseconds. Node 20 only reports that of the whole process. */
function threadMs(): number | undefined {
  try {
    const [nanoseconds] = readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ');
    return Number(nanoseconds) / 1e6;
  } catch {
    // Not Linux, or a kernel without these statistics.
    return undefined;
  }
}

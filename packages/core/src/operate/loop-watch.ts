import { url as inspectorUrl } from 'node:inspector';
import { findSourceMap } from 'node:module';
import { Worker } from 'node:worker_threads';

import type { Logger } from '../base/logger.js';
import { type CodePlace, type LoopBlock, blockOf, placeText } from '../call/loop-block.js';
import {
  type LoopSighting,
  type LoopWatchData,
  SLOTS,
  loopWatchThread,
} from './loop-watch-thread.js';
import type { WatchdogLimits } from './watchdog-options.js';

/** Options of {@link LoopWatch}. */
export interface LoopWatchOptions {
  /** From which durations on a block is reported, logged while it lasts, or ends the process. */
  readonly limits: WatchdogLimits;
  /**
   * `now`: the thread starts with the watch. `after_block`: it starts after the first block, which is then reported
   * without a stack. The thread costs about 8 MB; a process that is also watched from outside does not need it from
   * the start.
   */
  readonly thread: 'now' | 'after_block';
  /** The job id of the call whose code runs now; undefined outside of calls. */
  readonly currentJob: () => string | undefined;
  /** Called after each block, with the job whose code caused it if that is known; it is never guessed. */
  readonly onBlock: (block: LoopBlock, jobId: string | undefined) => void;
  /** Blocks are logged here as warnings. */
  readonly logger: Logger;
}

const MAX_INTERVAL_MS = 100;
const MIN_INTERVAL_MS = 10;
// The sample of the thread may arrive after the event loop continues.
const SIGHTING_WAIT_MS = 250;
// Evaluated by the thread in a paused frame, where nothing of this module is in scope.
const CURRENT_JOB = '@openrtc/core:current-job';

/**
 * Watches the event loop of this process until it is disposed: with a timer that should fire often, and a thread that
 * notices when it does not.
 */
export class LoopWatch implements AsyncDisposable {
  readonly #options: LoopWatchOptions;
  readonly #everyMs: number;
  readonly #state = new Int32Array(new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT));
  readonly #timer: NodeJS.Timeout;
  readonly #waiting = new Set<NodeJS.Timeout>();
  #thread: Worker | undefined;
  #sighting: LoopSighting | undefined;
  #beatAt = performance.now();
  #starvedMs = 0;

  /** Starts to watch. */
  constructor(options: LoopWatchOptions) {
    this.#options = options;
    const { slowMs } = options.limits;
    this.#everyMs = Math.max(MIN_INTERVAL_MS, Math.min(MAX_INTERVAL_MS, Math.floor(slowMs / 5)));
    Reflect.set(globalThis, Symbol.for(CURRENT_JOB), options.currentJob);
    this.#timer = setInterval(() => this.#beat(), this.#everyMs).unref();
    if (options.thread === 'now') this.#start();
  }

  /** Stops the timer and the thread. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    for (const timer of this.#waiting) clearTimeout(timer);
    this.#waiting.clear();
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
  }

  #beat(): void {
    const now = performance.now();
    const lateMs = now - this.#beatAt - this.#everyMs;
    this.#beatAt = now;
    const starvedMs = Atomics.load(this.#state, SLOTS.starvedMs);
    const starved = starvedMs - this.#starvedMs;
    this.#starvedMs = starvedMs;
    const debugged = inspectorUrl() !== undefined;
    Atomics.store(this.#state, SLOTS.debugged, Number(debugged));
    const beat = Atomics.load(this.#state, SLOTS.beat);
    Atomics.store(this.#state, SLOTS.beat, (beat + 1) | 0);
    if (lateMs < this.#options.limits.slowMs || debugged) return;
    const watched = this.#thread !== undefined;
    const cause = !watched ? 'unknown' : starved >= lateMs / 2 ? 'host' : 'code';
    const durationMs = Math.round(lateMs);
    const startedAt = Date.now() - durationMs;
    if (!watched) this.#start();
    const timer = setTimeout(
      () => {
        this.#waiting.delete(timer);
        this.#report({ startedAt, durationMs, cause }, beat);
      },
      watched ? SIGHTING_WAIT_MS : 0,
    );
    this.#waiting.add(timer);
  }

  #report(facts: Pick<LoopBlock, 'startedAt' | 'durationMs' | 'cause'>, beat: number): void {
    // The stack says nothing about a block that other processes caused.
    const seen =
      this.#sighting?.beat === beat && facts.cause !== 'host' ? this.#sighting : undefined;
    const block = blockOf(facts, seen?.frames.map(original) ?? []);
    const { durationMs, cause, stack } = block;
    this.#options.logger.warn(
      { durationMs, cause, jobId: seen?.jobId, stack },
      `the event loop was blocked for ${durationMs} ms${causeText(block)}`,
    );
    this.#options.onBlock(block, seen?.jobId);
  }

  #start(): void {
    const { limits, logger } = this.#options;
    const workerData: LoopWatchData = {
      shared: this.#state.buffer,
      everyMs: this.#everyMs,
      // Half of the limit: the block must still last when the thread takes the sample.
      sampleMs: limits.slowMs / 2,
      stuckMs: limits.stuckMs,
      killMs: limits.killMs,
      call: `globalThis[Symbol.for(${JSON.stringify(CURRENT_JOB)})]?.()`,
    };
    const thread = new Worker(loopWatchThread, {
      eval: true,
      name: 'openrtc-loop-watch',
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 },
    });
    thread.unref();
    thread.on('message', (sighting: LoopSighting) => {
      this.#sighting = sighting;
    });
    const lost = (error: unknown) => {
      if (this.#thread !== thread) return;
      this.#thread = undefined;
      logger.warn(
        { error },
        'the thread that watches the event loop ended; blocks are reported without a stack',
      );
    };
    thread.once('error', lost);
    thread.once('exit', (code) => lost(code));
    this.#thread = thread;
  }
}

/** What caused a block, as the end of a log line; empty when nothing is known. */
function causeText({ cause, culprit, stack }: LoopBlock): string {
  if (cause === 'host') return ' because other processes use the cores';
  if (culprit !== undefined) return ` by ${placeText(culprit)}`;
  const unread = cause === 'code' && stack.length === 0;
  return unread ? ' by code whose place could not be read' : '';
}

/** The place in the original source if the process has source maps, else the given one. */
function original({
  function: name,
  file,
  line,
  column,
}: LoopSighting['frames'][number]): CodePlace {
  const entry = findSourceMap(file)?.findEntry(line - 1, column);
  return entry !== undefined && 'originalSource' in entry && entry.originalSource !== undefined
    ? { function: name, file: entry.originalSource, line: entry.originalLine + 1 }
    : { function: name, file, line };
}

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

export interface LoopWatchOptions {
  readonly limits: WatchdogLimits;
  /**
   * `now`: the thread starts with the watch. `after_block`: with the first block, which is then told without its
   * place. The thread takes some 8 MB, and a process that somebody else watches can do without as long as it behaves.
   */
  readonly thread: 'now' | 'after_block';
  /** The call whose code runs at this moment; undefined outside of any. */
  readonly currentJob: () => string | undefined;
  /** A block is over. The job is the one whose code did it, where that is known; never a guess. */
  readonly onBlock: (block: LoopBlock, jobId: string | undefined) => void;
  readonly logger: Logger;
}

const MOST_EVERY_MS = 100;
const LEAST_EVERY_MS = 10;
// What the thread has seen is on its way when the loop turns again.
const HEAR_MS = 250;
// The thread finds it in a paused frame, where nothing of this module is in scope.
const CURRENT_JOB = '@openrtc/core:current-job';

/**
 * Looks after the event loop of this process, until it is disposed of: a timer that should come often, and a thread
 * that sees when it does not.
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

  constructor(options: LoopWatchOptions) {
    this.#options = options;
    const { slowMs } = options.limits;
    this.#everyMs = Math.max(LEAST_EVERY_MS, Math.min(MOST_EVERY_MS, Math.floor(slowMs / 5)));
    Reflect.set(globalThis, Symbol.for(CURRENT_JOB), options.currentJob);
    this.#timer = setInterval(() => this.#beat(), this.#everyMs).unref();
    if (options.thread === 'now') this.#start();
  }

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
        this.#tell({ startedAt, durationMs, cause }, beat);
      },
      watched ? HEAR_MS : 0,
    );
    this.#waiting.add(timer);
  }

  #tell(facts: Pick<LoopBlock, 'startedAt' | 'durationMs' | 'cause'>, beat: number): void {
    // A block that others caused has no place of its own.
    const seen =
      this.#sighting?.beat === beat && facts.cause !== 'host' ? this.#sighting : undefined;
    const block = blockOf(facts, seen?.frames.map(original) ?? []);
    const { durationMs, cause, culprit, stack } = block;
    const by =
      cause === 'host'
        ? ' because other processes have the cores'
        : culprit === undefined
          ? ''
          : ` by ${placeText(culprit)}`;
    this.#options.logger.warn(
      { durationMs, cause, jobId: seen?.jobId, stack },
      `the event loop was blocked for ${durationMs} ms${by}`,
    );
    this.#options.onBlock(block, seen?.jobId);
  }

  #start(): void {
    const { limits, logger } = this.#options;
    const workerData: LoopWatchData = {
      shared: this.#state.buffer,
      everyMs: this.#everyMs,
      // Before it is told, so that it is not over when the thread gets there.
      lookMs: limits.slowMs / 2,
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
        'the thread that watches the event loop is gone; blocks have no place',
      );
    };
    thread.once('error', lost);
    thread.once('exit', (code) => lost(code));
    this.#thread = thread;
  }
}

/** The place in the source the user wrote, where the process keeps source maps. */
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

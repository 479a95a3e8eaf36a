import type { Logger } from '../base/logger.js';
import type { Refusal } from '../call/refusal.js';
import type { ModelMemory, ModelSize } from '../call/model-memory.js';
import { CallCost } from './call-cost.js';
import type { MemoryReading } from './cgroup-memory.js';
import type { MemoryMeter } from './memory-meter.js';
import type { CallCounts, MemoryState } from './memory-state.js';

const MIB = 1_048_576;
const CHECK_MS = 1_000;
// Kept free for what nobody can foresee: garbage, a burst of joins, an agent that loads something.
const RESERVE = { share: 0.1, leastBytes: 24 * MIB, mostBytes: 256 * MIB };
// Three checks in a row with room for a call and a half. With less, the next call would close it again.
const CHECKS_TO_OPEN = 3;
const ROOM_TO_OPEN = 1.5;
// A model must leave room for calls.
const CALLS_BESIDE_MODELS = 4;

/** Options of {@link MemoryGuard}. */
export interface MemoryGuardOptions {
  /** Measures the memory. */
  readonly meter: Pick<MemoryMeter, 'read' | 'own'>;
  /** The calls of the worker. */
  readonly calls: () => CallCounts;
  /** Memory of processes that are ready and wait for a call, in bytes. */
  readonly idleBytes: () => number;
  /** Whether a call may need the models that are loaded on demand. */
  readonly needsModels: () => boolean;
  /** Called with the reason when no further call fits, and with undefined when one does again. */
  readonly onChange: (why: string | undefined) => void;
  /** The logger for what fits and what does not. */
  readonly logger: Logger;
}

/**
 * Keeps a worker within the memory it may use. The kernel kills a process that exceeds the limit of its control group,
 * with all its calls. So a call is refused before: when the memory that is used, what the calls taken so far will still
 * take, and what one more call takes do not fit. Without a limit nothing is refused.
 */
export class MemoryGuard implements ModelMemory, Disposable {
  readonly #options: MemoryGuardOptions;
  // In the process of the worker, measured: docs/flow.md.
  #cost = new CallCost(10 * MIB);
  #timer: NodeJS.Timeout | undefined;
  readonly #later = new Map<string, number>();
  #closed = false;
  #roomy = 0;

  constructor(options: MemoryGuardOptions) {
    this.#options = options;
  }

  /** Sets what a call takes until calls have been measured, in MiB. Must precede {@link start}. */
  assume(callMb: number | undefined): void {
    if (callMb !== undefined) this.#cost = new CallCost(callMb * MIB);
  }

  /** Logs what fits, and measures from now on. Call it when everything that calls share is loaded. */
  start(): void {
    this.#learn();
    const state = this.state();
    if (state === undefined) return;
    this.#timer = setInterval(() => this.check(), CHECK_MS).unref();
    const { furtherCalls } = state;
    const later = this.#laterBytes;
    const fields = {
      ...this.#figures(state),
      ...(later === 0 ? {} : { modelsOnDemandMb: mib(later) }),
      furtherCalls,
    };
    if (furtherCalls > 0)
      this.#options.logger.info(fields, `memory: about ${furtherCalls} calls fit`);
    else
      this.#options.logger.error(
        fields,
        'memory: no call fits. Give the worker more memory, or load less: models: null turns the turn detector off',
      );
    this.check();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** The refusal of one more call, by a fresh measurement; undefined when it fits. */
  readonly gate = (): Refusal | undefined => {
    const reading = this.#options.meter.read();
    if (reading === undefined || this.#missing(reading, 1) <= 0) return undefined;
    return { refused: 'busy', message: this.#why(reading) };
  };

  /** Judges again. Call it after each change of the calls. */
  check(): void {
    const reading = this.#options.meter.read();
    if (reading === undefined) return this.#open();
    this.#learn();
    if (!this.#closed) {
      if (this.#missing(reading, 1) > 0) this.#close(reading);
      return;
    }
    const roomy = this.#missing(reading, ROOM_TO_OPEN) <= 0;
    this.#roomy = roomy ? this.#roomy + 1 : 0;
    if (this.#roomy >= CHECKS_TO_OPEN) this.#open();
  }

  /**
   * The memory in bytes that may still be taken at once by something other than calls, such as a process. Undefined
   * without a limit.
   */
  freeBytes(): number | undefined {
    const reading = this.#options.meter.read();
    if (reading === undefined) return undefined;
    return Math.max(0, freeOf(reading));
  }

  /**
   * Keeps memory free for a model that is loaded on demand, if it fits beside four calls. Otherwise it is logged, and the
   * result is false.
   */
  reserve(model: ModelSize): boolean {
    if (!this.#fits(model)) return false;
    this.#later.set(model.name, model.bytes);
    return true;
  }

  /** Runs `load` if the model fits beside four calls. Otherwise it is logged, and the result is false. */
  async load(model: ModelSize, load: () => Promise<void>): Promise<boolean> {
    this.#later.delete(model.name);
    if (!this.#fits(model)) return false;
    const { meter } = this.#options;
    const before = meter.own(true).privateBytes;
    await load();
    this.#cost.add(Math.max(0, meter.own(true).privateBytes - before));
    return true;
  }

  /** The current state; undefined without a limit. */
  state(): MemoryState | undefined {
    const { meter, calls } = this.#options;
    const reading = meter.read();
    if (reading === undefined) return undefined;
    const { busy, idle } = this.#own();
    const { bytes: callBytes } = this.#cost;
    // What the calls taken so far still take, and what the first call brings beside its own memory.
    const due = Math.max(0, this.#cost.expected(calls().all + 1) - callBytes - busy);
    const left = freeOf(reading) - this.#laterBytes + idle - due;
    return {
      ...reading,
      callBytes: Math.round(callBytes),
      furtherCalls: Math.max(0, Math.floor(left / callBytes)),
    };
  }

  /** What is missing for so many more calls, in bytes; negative: what is left. */
  #missing(reading: MemoryReading, more: number): number {
    return this.#growth(more) + this.#laterBytes - freeOf(reading);
  }

  /** What the calls taken so far and so many more calls will still take, in bytes. */
  #growth(more: number): number {
    const { busy, idle } = this.#own();
    // Calls that have just begun have not taken their memory yet. What ended calls have left is used again.
    const target = Math.max(
      busy + more * this.#cost.bytes,
      this.#cost.expected(this.#options.calls().all + more),
    );
    return Math.max(0, target - busy - idle);
  }

  /** The memory of the worker itself, in bytes: that of processes that wait for a call, and the rest. */
  #own(): { readonly busy: number; readonly idle: number } {
    const idle = this.#options.idleBytes();
    return { idle, busy: this.#options.meter.own().privateBytes - idle };
  }

  get #laterBytes(): number {
    if (!this.#options.needsModels()) return 0;
    return [...this.#later.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  #fits({ name, bytes, without }: ModelSize): boolean {
    const reading = this.#options.meter.read();
    if (reading === undefined) return true;
    const calls = Math.max(0, CALLS_BESIDE_MODELS - this.#options.calls().all);
    const free = freeOf(reading) - (calls === 0 ? this.#growth(0) : this.#cost.of(calls));
    if (free >= bytes) return true;
    const freeMb = mib(Math.max(0, free));
    this.#options.logger.warn(
      { ...this.#figures(reading), needsMb: mib(bytes), freeMb },
      `memory: ${name} is not loaded. It takes about ${mib(bytes)} MiB, and beside the calls ${freeMb} of ${mib(reading.limitBytes)} MiB are free. ${without}`,
    );
    return false;
  }

  #learn(): void {
    const { all, settled } = this.#options.calls();
    // A few that have just begun hardly change the measurement.
    const known = all === 0 || (settled > 0 && (all - settled) * 4 <= settled);
    this.#cost.learn(this.#own().busy, known ? settled : undefined);
  }

  #close(reading: MemoryReading): void {
    this.#closed = true;
    this.#roomy = 0;
    const { logger, onChange, calls } = this.#options;
    logger.warn(
      { ...this.#figures(reading), calls: calls().all },
      'memory: one more call does not fit. No more calls are taken until one does',
    );
    onChange(this.#why(reading));
  }

  #open(): void {
    if (!this.#closed) return;
    this.#closed = false;
    const { logger, onChange, calls } = this.#options;
    logger.info({ calls: calls().all }, 'memory: calls fit again and are taken');
    onChange(undefined);
  }

  #why({ usedBytes, limitBytes }: MemoryReading): string {
    return `one more call does not fit into the memory: ${mib(usedBytes)} of ${mib(limitBytes)} MiB are used with ${this.#options.calls().all} calls, and a call takes about ${mib(this.#cost.bytes)} MiB`;
  }

  #figures({ limitBytes, usedBytes, source }: MemoryReading) {
    return {
      limitMb: mib(limitBytes),
      usedMb: mib(usedBytes),
      limitedBy: source,
      callMb: mib(this.#cost.bytes),
    };
  }
}

/** What is free above the reserve, in bytes; negative if the reserve is used. */
function freeOf({ limitBytes, usedBytes }: MemoryReading): number {
  const { share, leastBytes, mostBytes } = RESERVE;
  const reserve = Math.min(mostBytes, Math.max(leastBytes, limitBytes * share));
  return limitBytes - usedBytes - reserve;
}

function mib(bytes: number): number {
  return Math.round(bytes / MIB);
}

import type { Logger } from '../base/logger.js';
import { LoopMeter, type LoopReading } from './loop-meter.js';

// Three readings in a row, six seconds: a burst of joins, or one long tick, is no overload.
const READINGS_TO_CLOSE = 3;
// Ten seconds well under the limit. Sooner, the next call would bring it back.
const READINGS_TO_OPEN = 5;
const CALM = 0.75;
// The loop's thread got less than half of the time it wanted, and the process less than two fifths of its
// cores: then something else has them.
const OWN_THREAD = 0.5;
const OWN_SHARE = 0.4;

export interface LagGuardOptions {
  /** Infinity: nothing is measured. */
  readonly maxLagMs: number;
  /** Why no call should be added to those that run here; undefined: they may come again. */
  readonly onChange: (why: string | undefined) => void;
  readonly logger: Logger;
}

/**
 * Says when the calls that run in this process are more than its event loop carries. Lag that the machine's
 * other load causes is told apart: to refuse calls would not make it less.
 */
export class LagGuard {
  readonly #options: LagGuardOptions;
  #calls = 0;
  #meter: LoopMeter | undefined;
  #closed = false;
  #over = 0;
  #calm = 0;
  #othersOver = 0;
  #toldOfOthers = false;
  #lagMs: number | undefined;

  constructor(options: LagGuardOptions) {
    this.#options = options;
  }

  /** How late the event loop was, measured last; undefined while no call runs here. */
  get lagMs(): number | undefined {
    return this.#lagMs;
  }

  /** A call begins here. Without any nothing is measured, and there is nothing to protect. */
  enter(): void {
    this.#calls += 1;
    if (this.#calls > 1 || this.#options.maxLagMs === Number.POSITIVE_INFINITY) return;
    this.#meter = new LoopMeter((reading) => this.#take(reading));
  }

  /** A call is over. */
  leave(): void {
    this.#calls -= 1;
    if (this.#calls > 0) return;
    this.#meter?.[Symbol.dispose]();
    this.#meter = undefined;
    this.#lagMs = undefined;
    this.#over = 0;
    this.#othersOver = 0;
    this.#open();
  }

  #take(reading: LoopReading): void {
    const { maxLagMs } = this.#options;
    this.#lagMs = reading.lagMs;
    const over = reading.lagMs > maxLagMs;
    const own = isOwn(reading);
    this.#othersOver = over && !own ? this.#othersOver + 1 : 0;
    if (this.#othersOver === READINGS_TO_CLOSE) this.#tellOfOthers(reading);
    if (this.#closed) {
      const calm = (over && !own) || reading.lagMs <= maxLagMs * CALM;
      this.#calm = calm ? this.#calm + 1 : 0;
      if (this.#calm === READINGS_TO_OPEN) this.#open();
      return;
    }
    this.#over = over && own ? this.#over + 1 : 0;
    if (this.#over === READINGS_TO_CLOSE) this.#close(reading);
  }

  #close(reading: LoopReading): void {
    this.#closed = true;
    this.#calm = 0;
    const { maxLagMs, logger, onChange } = this.#options;
    logger.warn(
      { ...figures(reading), maxEventLoopLagMs: maxLagMs, calls: this.#calls },
      'the calls here are more than the event loop carries: no other is taken until it has recovered',
    );
    onChange(
      `the event loop is ${Math.round(reading.lagMs)} ms late with the calls there are (maxEventLoopLagMs: ${maxLagMs})`,
    );
  }

  #open(): void {
    this.#over = 0;
    if (!this.#closed) return;
    this.#closed = false;
    const { logger, onChange } = this.#options;
    logger.info({ calls: this.#calls }, 'the event loop has recovered: calls are taken again');
    onChange(undefined);
  }

  #tellOfOthers(reading: LoopReading): void {
    if (this.#toldOfOthers) return;
    this.#toldOfOthers = true;
    this.#options.logger.warn(
      { ...figures(reading), maxEventLoopLagMs: this.#options.maxLagMs, calls: this.#calls },
      'the event loop is late because other processes of this machine have its cores: calls are taken all the same, and their turns are slow. Said once.',
    );
  }
}

/** True when the lag comes from what this process does itself. */
function isOwn({ busyMs, threadMs, share }: LoopReading): boolean {
  return threadMs >= busyMs * OWN_THREAD || share >= OWN_SHARE;
}

function figures({ lagMs, busyMs, threadMs, share }: LoopReading) {
  return {
    lagMs: Math.round(lagMs),
    busyMs: Math.round(busyMs),
    threadMs: Math.round(threadMs),
    share: Math.round(share * 100) / 100,
  };
}

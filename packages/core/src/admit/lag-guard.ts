import type { Logger } from '../base/logger.js';
import { LoopMeter, type LoopReading } from './loop-meter.js';

// Three readings in a row, six seconds: a burst of joins or one long tick is not an overload.
const READINGS_TO_CLOSE = 3;
// Ten seconds well below the limit. After less, the next call would exceed it again.
const READINGS_TO_OPEN = 5;
const CALM = 0.75;
// When the thread of the loop got less than half of the time it needed, and the process less than two fifths of its
// cores, then other processes use the cores.
const OWN_THREAD = 0.5;
const OWN_SHARE = 0.4;

/** Options of {@link LagGuard}. */
export interface LagGuardOptions {
  /** The maximum lag in milliseconds. Infinity: nothing is measured. */
  readonly maxLagMs: number;
  /** Called with the reason when no more calls should be added here, and with undefined when they may be again. */
  readonly onChange: (why: string | undefined) => void;
  /** The logger for overloads. */
  readonly logger: Logger;
}

/**
 * Detects when the calls in this process overload its event loop. Lag caused by other processes of the machine does not
 * count: refusing calls would not reduce it.
 */
export class LagGuard {
  readonly #options: LagGuardOptions;
  #calls = 0;
  #meter: LoopMeter | undefined;
  #closed = false;
  #over = 0;
  #calm = 0;
  #othersOver = 0;
  #othersLogged = false;
  #lagMs: number | undefined;

  constructor(options: LagGuardOptions) {
    this.#options = options;
  }

  /** The last measured lag in milliseconds; undefined while no call runs here. */
  get lagMs(): number | undefined {
    return this.#lagMs;
  }

  /** Counts a call that begins here. The first one starts the measurement. */
  enter(): void {
    this.#calls += 1;
    if (this.#calls > 1 || this.#options.maxLagMs === Number.POSITIVE_INFINITY) return;
    this.#meter = new LoopMeter((reading) => this.#onReading(reading));
  }

  /** Counts a call that ends. The last one ends the measurement. */
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

  #onReading(reading: LoopReading): void {
    const { maxLagMs } = this.#options;
    this.#lagMs = reading.lagMs;
    const over = reading.lagMs > maxLagMs;
    const own = isOwn(reading);
    this.#othersOver = over && !own ? this.#othersOver + 1 : 0;
    if (this.#othersOver === READINGS_TO_CLOSE) this.#logOthers(reading);
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
      'the calls here overload the event loop: no more calls are taken until it has recovered',
    );
    onChange(
      `the event loop is ${Math.round(reading.lagMs)} ms late with the current calls (maxEventLoopLagMs: ${maxLagMs})`,
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

  #logOthers(reading: LoopReading): void {
    if (this.#othersLogged) return;
    this.#othersLogged = true;
    this.#options.logger.warn(
      { ...figures(reading), maxEventLoopLagMs: this.#options.maxLagMs, calls: this.#calls },
      'the event loop is late because other processes of this machine use its cores: calls are still taken, but their turns are slow. Logged only once.',
    );
  }
}

/** True when this process itself causes the lag. */
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

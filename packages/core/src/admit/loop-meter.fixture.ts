import type { LoopReading } from './loop-meter.js';

/** The meters that are open: what the loop did is up to the test. */
export const meters = new Set<(reading: LoopReading) => void>();

/** In place of the real one, by `vi.mock`. */
export class LoopMeter implements Disposable {
  readonly #onReading: (reading: LoopReading) => void;

  constructor(onReading: (reading: LoopReading) => void) {
    this.#onReading = onReading;
    meters.add(onReading);
  }

  [Symbol.dispose](): void {
    meters.delete(this.#onReading);
  }
}

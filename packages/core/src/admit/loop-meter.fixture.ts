import type { LoopReading } from './loop-meter.js';

/** The callbacks of the open meters, with which a test reports readings. */
export const meters = new Set<(reading: LoopReading) => void>();

/** Replaces the real meter, by `vi.mock`. */
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

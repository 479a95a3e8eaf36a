import type { LoopBlock } from '../call/loop-block.js';

/** How one call has kept the event loop from its neighbours: plain data. */
export interface BlocksSnapshot {
  readonly count: number;
  readonly longestMs: number;
  /** The last of them, with the function and line where they are known. */
  readonly last: LoopBlock | null;
}

/** Counts the blocks of one call. */
export class BlockCounts {
  #count = 0;
  #longestMs = 0;
  #last: LoopBlock | null = null;

  add(block: LoopBlock): void {
    this.#count += 1;
    this.#longestMs = Math.max(this.#longestMs, block.durationMs);
    this.#last = block;
  }

  /** The counts at this moment, as plain data. */
  snapshot(): BlocksSnapshot {
    return { count: this.#count, longestMs: this.#longestMs, last: this.#last };
  }
}

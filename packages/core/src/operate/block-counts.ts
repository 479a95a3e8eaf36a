import type { LoopBlock } from '../call/loop-block.js';

/** How one call has blocked the event loop: plain data. */
export interface BlocksSnapshot {
  /** Number of blocks so far. */
  readonly count: number;
  /** The longest block, in milliseconds; 0 without one. */
  readonly longestMs: number;
  /** The last block, with function and line where known; null without one. */
  readonly last: LoopBlock | null;
}

/** Counts how often one call blocked the event loop. */
export class BlockCounts {
  #count = 0;
  #longestMs = 0;
  #last: LoopBlock | null = null;

  /** Counts one block. */
  add(block: LoopBlock): void {
    this.#count += 1;
    this.#longestMs = Math.max(this.#longestMs, block.durationMs);
    this.#last = block;
  }

  /** The current counts, as plain data. */
  snapshot(): BlocksSnapshot {
    return { count: this.#count, longestMs: this.#longestMs, last: this.#last };
  }
}

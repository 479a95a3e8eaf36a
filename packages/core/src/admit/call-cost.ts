const MIB = 1_048_576;
// What the first call of a worker brings once: code that is compiled, native threads, buffers of WebRTC.
const FIRST_BYTES = 24 * MIB;
// Of what was assumed. Calls grow for a minute, so what they take after some seconds is too little.
const LEAST_SHARE = 0.7;

/**
 * What calls cost in memory, learned as they run: `base + first + calls × bytes`. The memory that ended calls leave with
 * the allocator does not distort it, because the next calls use it again: only what was never seen before teaches
 * something.
 */
export class CallCost {
  readonly #assumed: number;
  #bytes: number;
  #first = FIRST_BYTES;
  #most = 0;
  #base: number | undefined;

  /** @param assumedBytes - what a call costs until calls have been measured */
  constructor(assumedBytes: number) {
    this.#assumed = assumedBytes;
    this.#bytes = assumedBytes;
  }

  /** What a further call costs, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What the first `calls` calls of a worker cost together, in bytes. */
  of(calls: number): number {
    return calls === 0 ? 0 : this.#first + calls * this.#bytes;
  }

  /** What the worker uses with `calls` calls, in bytes. */
  expected(calls: number): number {
    return (this.#base ?? 0) + this.of(calls);
  }

  /** Something other than calls takes `bytes` from now on, such as a model. */
  add(bytes: number): void {
    if (this.#base !== undefined) this.#base += bytes;
  }

  /**
   * Learns from the memory that the worker itself uses.
   * @param calls - how many calls use it; undefined while many of them have just begun
   */
  learn(ownBytes: number, calls: number | undefined): void {
    if (this.#base === undefined || ownBytes < this.#base) this.#base = ownBytes;
    if (calls === undefined) return;
    if (calls === 0) {
      // More than calls have ever taken: it grows for another reason.
      this.#base = Math.max(this.#base, ownBytes - this.of(this.#most));
      return;
    }
    const taken = ownBytes - this.#base;
    if (calls < this.#most) {
      // Memory of ended calls is still there. What exceeds it is new.
      this.#bytes += Math.max(0, taken - this.of(this.#most)) / calls;
    } else if (calls > this.#most || taken > this.of(calls)) {
      // What was assumed counts as one more call, or the first call would be blamed for all that it brings.
      const average = (taken - FIRST_BYTES + this.#assumed) / (calls + 1);
      const least = calls > this.#most ? this.#assumed * LEAST_SHARE : this.#bytes;
      this.#bytes = Math.max(least, average);
      this.#first = Math.max(0, taken - calls * this.#bytes);
      this.#most = calls;
    }
  }
}

/**
 * The numbers of the lines that were read of one run of a worker. They are mostly in order, so a few ranges hold millions
 * of them.
 */
export class SeenLines {
  /** First and last number of each range, in order; ranges neither touch nor overlap. */
  readonly #ranges: [first: number, last: number][] = [];

  /** Adds a number. @returns false when it was there */
  add(seq: number): boolean {
    const at = this.#rangeAfter(seq);
    const [before, after] = [this.#ranges[at - 1], this.#ranges[at]];
    if (before !== undefined && seq <= before[1]) return false;
    const joinsBefore = before?.[1] === seq - 1;
    const joinsAfter = after?.[0] === seq + 1;
    if (joinsBefore && joinsAfter) {
      before[1] = after[1];
      this.#ranges.splice(at, 1);
    } else if (joinsBefore) before[1] = seq;
    else if (joinsAfter) after[0] = seq;
    else this.#ranges.splice(at, 0, [seq, seq]);
    return true;
  }

  /** How many numbers between the first and the last are not there. */
  get missing(): number {
    return this.#ranges.reduce((sum, [first], at) => {
      const before = this.#ranges[at - 1];
      return before === undefined ? sum : sum + first - before[1] - 1;
    }, 0);
  }

  /** How many ranges there are. */
  get ranges(): number {
    return this.#ranges.length;
  }

  /** The index of the first range that begins after a number. */
  #rangeAfter(seq: number): number {
    let [low, high] = [0, this.#ranges.length];
    // Most numbers follow the last one.
    if (high > 0 && (this.#ranges[high - 1]?.[0] ?? 0) <= seq) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ranges[middle]?.[0] ?? 0) <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

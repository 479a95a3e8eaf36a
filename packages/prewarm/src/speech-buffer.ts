/**
 * The last moments before speech, and the speech: what the start and the end of an utterance carry. Holds
 * what was heard and no more; the SDK's takes 60.5 s of it for each call (1.9 MB at 16 kHz).
 */
export class SpeechBuffer {
  #chunks: Int16Array[] = [];
  #samples = 0;

  /**
   * Adds what was heard.
   * @param most - samples to hold at most
   * @returns false when there is no place left, and nothing of it was taken
   */
  add(heard: Int16Array, most: number): boolean {
    const room = most - this.#samples;
    if (room <= 0) return false;
    const taken = heard.subarray(0, room);
    this.#chunks.push(taken);
    this.#samples += taken.length;
    return true;
  }

  /** Forgets all but the last `samples`. */
  keepLast(samples: number): void {
    while (this.#samples > samples) {
      const [first] = this.#chunks;
      if (first === undefined) return;
      const surplus = this.#samples - samples;
      if (first.length <= surplus) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(surplus);
      this.#samples -= Math.min(first.length, surplus);
    }
  }

  clear(): void {
    this.keepLast(0);
  }

  /** A copy of all of it. */
  toSamples(): Int16Array {
    const all = new Int16Array(this.#samples);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }
}

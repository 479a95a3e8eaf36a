/**
 * The audio of an utterance and of the moments before it, which the events of its start and end contain. Its size
 * is that of the audio it holds; the buffer of the SDK always takes 60.5 s per call (1.9 MB at 16 kHz).
 */
export class SpeechBuffer {
  #chunks: Int16Array[] = [];
  #samples = 0;

  /**
   * Adds audio, up to the limit.
   * @param max - maximum number of samples to hold
   * @returns false if the buffer is full and nothing was added
   */
  add(heard: Int16Array, max: number): boolean {
    const room = max - this.#samples;
    if (room <= 0) return false;
    const added = heard.subarray(0, room);
    this.#chunks.push(added);
    this.#samples += added.length;
    return true;
  }

  /** Removes all but the last `samples`. */
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

  /** Removes everything. */
  clear(): void {
    this.keepLast(0);
  }

  /** A copy of all samples. */
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

import { PHASE_MS } from './line.mjs';

const TICK_MS = 4;

/**
 * Gives the sessions their turns one after the other, in rounds. During its turn a session hears a caller in real
 * time: speech, then silence until the answer is over. At other times it hears nothing. The number of turns at the same
 * time is fixed, and they start at even intervals: with as many as there are sessions, every session always hears its
 * caller.
 */
export class Conveyor {
  #lines = [];
  #on = new Set();
  #atOnce = 0;
  #next = 0;
  #nextAt = 0;
  #due = 0;
  #latencies = [];
  #timer;

  get size() {
    return this.#lines.length;
  }

  /** True while any caller is on the line. */
  get busy() {
    return this.#on.size > 0;
  }

  /** How many sessions have had a turn. */
  get talked() {
    return this.#lines.filter(({ hasTalked }) => hasTalked).length;
  }

  /** Average length of the audio that a session has heard so far. */
  get heardMs() {
    return this.#lines.reduce((sum, { heardMs }) => sum + heardMs, 0) / this.#lines.length;
  }

  add(line) {
    this.#lines.push(line);
  }

  talk(atOnce) {
    if (atOnce > this.#lines.length)
      throw new RangeError(
        `${atOnce} callers at once need as many sessions; there are ${this.#lines.length}`,
      );
    if (this.#atOnce === 0) this.#nextAt = performance.now();
    this.#atOnce = atOnce;
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  /** The turns that have ended since the last request, and the latencies of those that were answered. */
  takeTurns() {
    const taken = { due: this.#due, latencies: this.#latencies };
    this.#due = 0;
    this.#latencies = [];
    return taken;
  }

  #tick() {
    const now = performance.now();
    for (const line of this.#on) {
      if (line.advance(now)) continue;
      this.#on.delete(line);
      this.#due += 1;
      if (line.latencyMs !== undefined) this.#latencies.push(line.latencyMs);
    }
    while (this.#atOnce > 0 && this.#nextAt <= now) {
      const line = this.#lines[this.#next % this.#lines.length];
      // When all sessions are on, the previous turn of this one ends just now.
      if (this.#on.has(line)) break;
      line.begin(this.#nextAt);
      this.#on.add(line);
      this.#next += 1;
      this.#nextAt += PHASE_MS / this.#atOnce;
    }
    if (this.#atOnce === 0 && !this.busy) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }
}

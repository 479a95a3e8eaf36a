import { PHASE_MS } from './line.mjs';

const TICK_MS = 4;

/**
 * Gives the sessions their turn one after the other, round and round. A session whose turn it is hears a caller in
 * real time, speech and then silence, until the answer is over; at other times it hears nothing. So many are on at
 * once, evenly apart: with as many as there are sessions every session always hears its caller.
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

  /** True while a caller is on. */
  get busy() {
    return this.#on.size > 0;
  }

  /** How many sessions have had a turn. */
  get talked() {
    return this.#lines.filter(({ hasTalked }) => hasTalked).length;
  }

  /** How much a session has heard so far, on average. */
  get heardMs() {
    return this.#lines.reduce((sum, { heardMs }) => sum + heardMs, 0) / this.#lines.length;
  }

  add(line) {
    this.#lines.push(line);
  }

  talk(atOnce) {
    if (atOnce > this.#lines.length)
      throw new RangeError(`${atOnce} cannot be on: there are ${this.#lines.length} sessions`);
    if (this.#atOnce === 0) this.#nextAt = performance.now();
    this.#atOnce = atOnce;
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  /** The turns that came to their end since it was asked last, and of the answered ones how late. */
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
      // With all of them on, its last turn ends as this one begins.
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

/**
 * The maximum number of unreadable frames per minute. A single one is a bug somewhere and costs a log line. More mean
 * a server or proxy that does not speak the protocol: offers are getting lost, and a new connection may reach another
 * server.
 */
export const MAX_BAD_FRAMES_PER_MINUTE = 20;

const MINUTE_MS = 60_000;

/** Counts the unreadable frames of one connection in the last minute, by the monotonic clock. */
export class BadFrames {
  readonly #now: () => number;
  #recent: number[] = [];

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Counts one frame. True when there are now more than {@link MAX_BAD_FRAMES_PER_MINUTE}. */
  add(): boolean {
    const now = this.#now();
    this.#recent = this.#recent.filter((at) => now - at < MINUTE_MS);
    this.#recent.push(now);
    return this.#recent.length > MAX_BAD_FRAMES_PER_MINUTE;
  }
}

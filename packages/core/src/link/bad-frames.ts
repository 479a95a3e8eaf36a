/*
 * One frame that cannot be read is somebody's bug and costs a log line. Twenty in a minute are a peer
 * or a proxy that does not speak the protocol: offers are being lost in them, and a new connection may
 * reach another one.
 */
export const MAX_BAD_FRAMES_PER_MINUTE = 20;

const MINUTE_MS = 60_000;

/** Counts the frames of one connection that could not be read, by the monotonic clock. */
export class BadFrames {
  readonly #now: () => number;
  #recent: number[] = [];

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Counts one more. True when that is one too many within a minute. */
  add(): boolean {
    const now = this.#now();
    this.#recent = this.#recent.filter((at) => now - at < MINUTE_MS);
    this.#recent.push(now);
    return this.#recent.length > MAX_BAD_FRAMES_PER_MINUTE;
  }
}

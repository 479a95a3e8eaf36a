interface Waiting {
  readonly urgent: () => boolean;
  readonly go: () => void;
}

/**
 * Limits how many processes start at the same time. Each start uses a core for about a second, so many at once would
 * all be slow and disturb the live calls. Processes that a call waits for start first.
 */
export class StartGate {
  readonly #limit: number;
  readonly #waiting: Waiting[] = [];
  #inside = 0;

  /** @param limit - maximum number of concurrent starts */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Waits for a free slot; {@link leave} must be called after the start.
   * @param urgent - returns true if a call waits for the process
   */
  enter(urgent: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ urgent, go: resolve });
      this.#next();
    });
  }

  /** Frees the slot. */
  leave(): void {
    this.#inside -= 1;
    this.#next();
  }

  #next(): void {
    if (this.#inside >= this.#limit) return;
    const urgent = this.#waiting.findIndex((waiting) => waiting.urgent());
    const [next] = this.#waiting.splice(Math.max(0, urgent), 1);
    if (next === undefined) return;
    this.#inside += 1;
    next.go();
  }
}

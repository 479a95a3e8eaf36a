interface Waiting {
  readonly urgent: () => boolean;
  readonly go: () => void;
}

/**
 * Lets only so many processes start at a time: each takes a core for about a second, and many at once would all
 * be late, and stall the calls there are. Those that a call waits for go first.
 */
export class StartGate {
  readonly #most: number;
  readonly #waiting: Waiting[] = [];
  #inside = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Resolves when it is its turn; then {@link leave} must follow.
   * @param urgent - whether a call waits for it by then
   */
  enter(urgent: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ urgent, go: resolve });
      this.#next();
    });
  }

  leave(): void {
    this.#inside -= 1;
    this.#next();
  }

  #next(): void {
    if (this.#inside >= this.#most) return;
    const urgent = this.#waiting.findIndex((waiting) => waiting.urgent());
    const [next] = this.#waiting.splice(Math.max(0, urgent), 1);
    if (next === undefined) return;
    this.#inside += 1;
    next.go();
  }
}

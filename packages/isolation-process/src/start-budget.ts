// The delay after the first failed start; each further failure doubles it.
const FIRST_MS = 200;
const MAX_MS = 30_000;
const MAX_FAILURES = 5;
const WINDOW_MS = 60_000;

/** Limits how often starts may fail, because a loop of failing starts would take the CPU from calls. */
export class StartBudget {
  readonly #now: () => number;
  readonly #random: () => number;
  #failures: number[] = [];
  #notBefore = 0;
  #lastError: Error | undefined;

  /** @param now - the monotonic clock in milliseconds */
  constructor(now = () => performance.now(), random = Math.random) {
    this.#now = now;
    this.#random = random;
  }

  /** Milliseconds until the next start is allowed. */
  get waitMs(): number {
    return Math.max(0, this.#notBefore - this.#now());
  }

  /** The last error, if more than five starts failed within a minute; otherwise undefined. */
  get exhausted(): Error | undefined {
    this.#forget();
    return this.#failures.length > MAX_FAILURES ? this.#lastError : undefined;
  }

  /** Counts a failed start. */
  failed(error: Error): void {
    this.#failures.push(this.#now());
    this.#forget();
    this.#lastError = error;
    const delayMs = Math.min(MAX_MS, FIRST_MS * 2 ** (this.#failures.length - 1));
    this.#notBefore = this.#now() + delayMs * (0.5 + this.#random() / 2);
  }

  /** Resets the budget after a successful start. */
  succeeded(): void {
    this.#failures = [];
    this.#notBefore = 0;
    this.#lastError = undefined;
  }

  #forget(): void {
    const since = this.#now() - WINDOW_MS;
    this.#failures = this.#failures.filter((at) => at > since);
  }
}

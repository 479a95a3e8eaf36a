// After a failed start, the next waits; each failure doubles it.
const FIRST_MS = 200;
const MOST_MS = 30_000;
const TOO_MANY = 5;
const WINDOW_MS = 60_000;

/** How often processes may be started that do not come up: a loop of failing starts would take the CPU from calls. */
export class StartBudget {
  readonly #now: () => number;
  readonly #random: () => number;
  #failures: number[] = [];
  #notBefore = 0;
  #lastError: Error | undefined;

  constructor(now = () => performance.now(), random = Math.random) {
    this.#now = now;
    this.#random = random;
  }

  /** Milliseconds until the next start may be tried. */
  get waitMs(): number {
    return Math.max(0, this.#notBefore - this.#now());
  }

  /** Why no process comes up, when too many in a row did not. */
  get exhausted(): Error | undefined {
    this.#forget();
    return this.#failures.length > TOO_MANY ? this.#lastError : undefined;
  }

  failed(error: Error): void {
    this.#failures.push(this.#now());
    this.#forget();
    this.#lastError = error;
    const most = Math.min(MOST_MS, FIRST_MS * 2 ** (this.#failures.length - 1));
    this.#notBefore = this.#now() + most * (0.5 + this.#random() / 2);
  }

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

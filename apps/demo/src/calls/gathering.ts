/** A barrier where calls wait for each other, so that all of them are live at the same time. */
export class Gathering {
  /** Resolves when all expected calls have arrived. */
  readonly complete: Promise<void>;
  #missing: number;
  #resolve: () => void = () => undefined;

  constructor(expected: number) {
    this.#missing = expected;
    this.complete = new Promise((resolve) => (this.#resolve = resolve));
  }

  /** A call has arrived, or never will. */
  arrive(): void {
    this.#missing -= 1;
    if (this.#missing === 0) this.#resolve();
  }
}

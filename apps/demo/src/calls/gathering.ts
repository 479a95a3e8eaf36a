/** Where calls wait for each other, so that all of them are live at the same time. */
export class Gathering {
  /** Resolves when as many have come as are expected. */
  readonly complete: Promise<void>;
  #missing: number;
  #resolve: () => void = () => undefined;

  constructor(expected: number) {
    this.#missing = expected;
    this.complete = new Promise((resolve) => (this.#resolve = resolve));
  }

  /** One more has come, or will never come. */
  arrive(): void {
    this.#missing -= 1;
    if (this.#missing === 0) this.#resolve();
  }
}

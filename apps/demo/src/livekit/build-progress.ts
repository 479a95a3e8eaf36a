const STILL_MS = 10_000;

/** Summarises the hundreds of lines of a Go build. */
export class BuildProgress {
  readonly #say: (line: string) => void;
  readonly #startedAt = Date.now();
  readonly #timer: NodeJS.Timeout;
  #modules = 0;

  constructor(say: (line: string) => void) {
    this.#say = say;
    this.#timer = setInterval(() => this.#still(), STILL_MS);
  }

  /** Adds a line of the build. */
  take(line: string): void {
    if (line.startsWith('go: downloading')) this.#modules += 1;
    else if (!line.startsWith('go: ')) this.#say(line);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #still(): void {
    const seconds = Math.round((Date.now() - this.#startedAt) / 1_000);
    this.#say(`still building: ${seconds} s, ${this.#modules} Go modules downloaded`);
  }
}

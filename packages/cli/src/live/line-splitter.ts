const NEWLINE = 0x0a;
// Longer than any line a worker writes: a snapshot of thousands of calls fits.
const MAX_LINE_BYTES = 4 * 1_024 * 1_024;

/** Splits data that arrives in chunks into lines. Lines that are too long are skipped and counted. */
export class LineSplitter {
  /** The number of lines that were too long. */
  tooLong = 0;
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #skipping = false;

  /** @param maxBytes - longest line, in bytes. Default: 4 MiB */
  constructor(maxBytes = MAX_LINE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Skips everything up to the next line end: reading began in the middle of a line. */
  skipToNextLine(): void {
    this.#skipping = true;
  }

  /** Calls `onLine` with each line that the chunk completes. */
  push(chunk: Buffer, onLine: (line: string) => void): void {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      this.#keep(chunk.subarray(from, end));
      const line = this.#finishLine();
      if (line !== undefined) onLine(line);
      this.#skipping = false;
      from = end + 1;
    }
    this.#keep(chunk.subarray(from));
  }

  /** Returns and forgets the text after the last line end; undefined when there is none. */
  rest(): string | undefined {
    const line = this.#bytes === 0 ? undefined : this.#finishLine();
    this.#skipping = false;
    return line;
  }

  #keep(piece: Buffer): void {
    if (this.#skipping || piece.length === 0) return;
    if (this.#bytes + piece.length > this.#maxBytes) {
      this.tooLong += 1;
      this.#skipping = true;
      this.#forget();
      return;
    }
    // A copy: the caller uses the chunk again.
    this.#pieces.push(Buffer.from(piece));
    this.#bytes += piece.length;
  }

  #finishLine(): string | undefined {
    if (this.#skipping) return undefined;
    const line = Buffer.concat(this.#pieces).toString('utf8');
    this.#forget();
    return line.endsWith('\r') ? line.slice(0, -1) : line;
  }

  #forget(): void {
    this.#pieces = [];
    this.#bytes = 0;
  }
}

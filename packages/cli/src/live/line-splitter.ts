const NEWLINE = 0x0a;
// As long as a worker writes them at most: a snapshot of thousands of calls is shorter.
const LONGEST_BYTES = 4 * 1_024 * 1_024;

/** Makes lines of what is read in pieces. A line that is longer than anybody writes is passed over and counted. */
export class LineSplitter {
  tooLong = 0;
  readonly #longest: number;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #skipping = false;

  constructor(longest = LONGEST_BYTES) {
    this.#longest = longest;
  }

  /** There is the end of a line to come that nobody has seen the beginning of. */
  skipToNextLine(): void {
    this.#skipping = true;
  }

  push(chunk: Buffer, take: (line: string) => void): void {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      this.#keep(chunk.subarray(from, end));
      const line = this.#taken();
      if (line !== undefined) take(line);
      this.#skipping = false;
      from = end + 1;
    }
    this.#keep(chunk.subarray(from));
  }

  /** What stands behind the last end of a line: undefined when there is nothing. */
  rest(): string | undefined {
    const line = this.#bytes === 0 ? undefined : this.#taken();
    this.#skipping = false;
    return line;
  }

  #keep(piece: Buffer): void {
    if (this.#skipping || piece.length === 0) return;
    if (this.#bytes + piece.length > this.#longest) {
      this.tooLong += 1;
      this.#skipping = true;
      this.#forget();
      return;
    }
    // A copy: whoever reads uses the chunk again.
    this.#pieces.push(Buffer.from(piece));
    this.#bytes += piece.length;
  }

  #taken(): string | undefined {
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

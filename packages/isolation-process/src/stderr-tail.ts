import type { Readable } from 'node:stream';

// Enough for a stack, and for the message of V8 about a full heap.
const KEPT_CHARS = 8_192;

/** Forwards the standard error of a process and keeps the end of it. */
export class StderrTail {
  #text = '';

  /** Starts to forward. */
  constructor(from: Readable, to: NodeJS.WritableStream = process.stderr) {
    from.setEncoding('utf8');
    from.on('data', (text: string) => {
      this.#text = (this.#text + text).slice(-KEPT_CHARS);
      to.write(text);
    });
  }

  /** The last 8 192 characters. */
  get text(): string {
    return this.#text;
  }

  /** The line with the error; undefined if there is none. */
  get reason(): string | undefined {
    const lines = this.#text.split('\n').map((line) => line.trim());
    return lines.findLast((line) => /^(\w*Error|Error \[\w+\]|FATAL ERROR|node:).*: /.test(line));
  }
}

import type { Readable } from 'node:stream';

// Enough for a stack, and for the words of V8 when its heap is full.
const KEPT_CHARS = 8_192;

/** Passes what a process writes to its standard error on, and remembers the end of it. */
export class StderrTail {
  #text = '';

  constructor(from: Readable, to: NodeJS.WritableStream = process.stderr) {
    from.setEncoding('utf8');
    from.on('data', (text: string) => {
      this.#text = (this.#text + text).slice(-KEPT_CHARS);
      to.write(text);
    });
  }

  get text(): string {
    return this.#text;
  }

  /** The line that says what went wrong, where there is one. */
  get reason(): string | undefined {
    const lines = this.#text.split('\n').map((line) => line.trim());
    return lines.findLast((line) => /^(\w*Error|Error \[\w+\]|FATAL ERROR|node:).*: /.test(line));
  }
}

import { type Line, terminalText } from './line.js';
import { type LiveHost, wantsColors } from './live-host.js';

const ESC = '\u001B[';
// The alternate screen, without cursor; what is too long is cut off by the terminal, never wrapped.
const ENTER = `${ESC}?1049h${ESC}?25l${ESC}?7l${ESC}2J`;
const LEAVE = `${ESC}0m${ESC}?7h${ESC}?25h${ESC}?1049l`;
// Terminals that know it show what is between the two at once.
const BEGIN = `${ESC}?2026h`;
const END = `${ESC}?2026l`;

/** The terminal while a live view has it. Whatever ends the process, the terminal is as it was. */
export class LiveScreen {
  readonly #output: LiveHost['stdout'];
  readonly #colors: boolean;
  #open = false;
  #shown: readonly string[] = [];

  constructor(host: LiveHost) {
    this.#output = host.stdout;
    this.#colors = wantsColors(host);
  }

  enter(): void {
    if (this.#open) return;
    this.#open = true;
    // An error nobody caught is printed after that, and must be readable.
    process.on('exit', this.leave);
    this.#output.write(ENTER);
    this.#shown = [];
  }

  readonly leave = (): void => {
    if (!this.#open) return;
    this.#open = false;
    process.off('exit', this.leave);
    this.#output.write(LEAVE);
  };

  /** Shows these lines and no others; writes what has changed. */
  draw(lines: readonly Line[]): void {
    // A terminal behind a slow line gets the next one.
    if (!this.#open || this.#output.writableNeedDrain) return;
    const texts = lines.map((line) => terminalText(line, this.#colors));
    let changes = '';
    for (let row = 0; row < Math.max(texts.length, this.#shown.length); row += 1) {
      const text = texts[row] ?? '';
      if (text !== (this.#shown[row] ?? '')) changes += `${ESC}${row + 1};1H${ESC}2K${text}`;
    }
    this.#shown = texts;
    if (changes !== '') this.#output.write(`${BEGIN}${changes}${END}`);
  }

  /** Forgets what is shown: the terminal has another size, or somebody else has written on it. */
  clear(): void {
    this.#shown = [];
    if (this.#open) this.#output.write(`${ESC}2J`);
  }
}

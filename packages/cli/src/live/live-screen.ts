import { type Host, wantsColors } from '../host.js';
import { type Line, terminalText } from './line.js';

const ESC = '\u001B[';
// The alternate screen without a cursor; the terminal cuts off long lines instead of wrapping them.
const ENTER = `${ESC}?1049h${ESC}?25l${ESC}?7l${ESC}2J`;
const LEAVE = `${ESC}0m${ESC}?7h${ESC}?25h${ESC}?1049l`;
// Terminals that support it show everything between the two at once.
const BEGIN = `${ESC}?2026h`;
const END = `${ESC}?2026l`;

/** The terminal while a live view uses it. It is restored however the process ends. */
export class LiveScreen {
  readonly #output: Host['stdout'];
  readonly #colors: boolean;
  #open = false;
  #shown: readonly string[] = [];

  constructor({ stdout, env }: Pick<Host, 'stdout' | 'env'>) {
    this.#output = stdout;
    this.#colors = wantsColors(env);
  }

  /** Switches to the alternate screen. */
  enter(): void {
    if (this.#open) return;
    this.#open = true;
    // An uncaught error is printed after this, and must be readable.
    process.on('exit', this.leave);
    this.#output.write(ENTER);
    this.#shown = [];
  }

  /** Restores the terminal. */
  readonly leave = (): void => {
    if (!this.#open) return;
    this.#open = false;
    process.off('exit', this.leave);
    this.#output.write(LEAVE);
  };

  /** Shows exactly these lines; writes only the ones that changed. */
  draw(lines: readonly Line[]): void {
    // A terminal that is behind skips this and gets the next one.
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

  /** Clears the screen: the terminal was resized, or something else has written on it. */
  clear(): void {
    this.#shown = [];
    if (this.#open) this.#output.write(`${ESC}2J`);
  }
}

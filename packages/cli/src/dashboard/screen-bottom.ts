/** How large a terminal is at this moment. */
export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

const ESC = '\u001B';
const SAVE = `${ESC}7`;
const RESTORE = `${ESC}8`;
const CLEAR_LINE = `${ESC}[2K`;
const CUT_OFF = `${ESC}[?7l`;
const WRAP = `${ESC}[?7h`;
const INVERSE = `${ESC}[7m`;
const PLAIN = `${ESC}[0m`;
// All rows scroll again, and what is below the cursor is gone.
const RELEASE = `${SAVE}${ESC}[r${RESTORE}${ESC}[J`;
// From so many rows on all lines are kept, or one; the others are for what scrolls.
const ROWS_FOR_ALL = 12;
const ROWS_FOR_ONE = 4;

/**
 * The last lines of a terminal, kept from scrolling: whoever writes to it, log lines above all, writes above them.
 * The first of them is inverse, as the border between the two.
 */
export class ScreenBottom implements Disposable {
  readonly #write: (text: string) => void;
  readonly #size: () => TerminalSize;
  #kept = 0;
  #last: TerminalSize = { rows: 0, columns: 0 };

  constructor(write: (text: string) => void, size: () => TerminalSize) {
    this.#write = write;
    this.#size = size;
  }

  show(lines: readonly string[]): void {
    const size = this.#size();
    const room = size.rows >= ROWS_FOR_ALL ? lines.length : size.rows >= ROWS_FOR_ONE ? 1 : 0;
    const kept = this.#keep(Math.min(room, lines.length), size);
    this.#write(`${kept}${this.#drawn(lines, size)}`);
  }

  /** Leaves the terminal as others expect it. */
  [Symbol.dispose](): void {
    if (this.#kept > 0) this.#write(RELEASE);
    this.#kept = 0;
  }

  /** Where it scrolls is set anew when it has another size: some terminals forget it then. */
  #keep(count: number, size: TerminalSize): string {
    const { rows, columns } = this.#last;
    if (count === this.#kept && size.rows === rows && size.columns === columns) return '';
    const release = this.#kept > 0 ? RELEASE : '';
    this.#kept = count;
    this.#last = size;
    if (count === 0) return release;
    // What stands there scrolls up first. Setting the region moves the cursor, and it may stand below it.
    const region = `${SAVE}${ESC}[1;${size.rows - count}r${RESTORE}${ESC}[${count}A`;
    return `${release}${'\n'.repeat(count)}${region}`;
  }

  #drawn(lines: readonly string[], { rows, columns }: TerminalSize): string {
    if (this.#kept === 0) return '';
    const drawn = lines.slice(0, this.#kept).map((line, at) => {
      const place = `${ESC}[${rows - this.#kept + at + 1};1H${CLEAR_LINE}`;
      // Wide characters take two columns: the terminal cuts off what is still too long.
      const cut = Array.from(line).slice(0, columns).join('');
      return at === 0 ? `${place}${INVERSE}${cut.padEnd(columns)}${PLAIN}` : `${place}${cut}`;
    });
    return `${SAVE}${CUT_OFF}${drawn.join('')}${WRAP}${RESTORE}`;
  }
}

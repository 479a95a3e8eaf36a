import type { Size } from '../host.js';

const ESC = '\u001B';
const SAVE = `${ESC}7`;
const RESTORE = `${ESC}8`;
const CLEAR_LINE = `${ESC}[2K`;
const NO_WRAP = `${ESC}[?7l`;
const WRAP = `${ESC}[?7h`;
const INVERSE = `${ESC}[7m`;
const PLAIN = `${ESC}[0m`;
// All rows scroll again, and everything below the cursor is cleared.
const RELEASE = `${SAVE}${ESC}[r${RESTORE}${ESC}[J`;
// With at least this many rows all lines are kept, or one of them; the other rows scroll.
const MIN_ROWS_FOR_ALL = 12;
const MIN_ROWS_FOR_ONE = 4;

/**
 * Lines at the bottom of a terminal that do not scroll: log lines and everything else written to the terminal appear
 * above them. The first line is inverse, as a border.
 */
export class ScreenBottom implements Disposable {
  readonly #write: (text: string) => void;
  readonly #size: () => Size;
  #kept = 0;
  #last: Size = { rows: 0, columns: 0 };

  constructor(write: (text: string) => void, size: () => Size) {
    this.#write = write;
    this.#size = size;
  }

  /** Shows these lines, or as many as the terminal has room for. */
  show(lines: readonly string[]): void {
    const size = this.#size();
    const room =
      size.rows >= MIN_ROWS_FOR_ALL ? lines.length : size.rows >= MIN_ROWS_FOR_ONE ? 1 : 0;
    const kept = this.#keep(Math.min(room, lines.length), size);
    this.#write(`${kept}${this.#drawn(lines, size)}`);
  }

  /** Makes the whole terminal scroll again. */
  [Symbol.dispose](): void {
    if (this.#kept > 0) this.#write(RELEASE);
    this.#kept = 0;
  }

  /** Sets the scrolling region, again after each resize: some terminals forget it then. */
  #keep(count: number, size: Size): string {
    const { rows, columns } = this.#last;
    if (count === this.#kept && size.rows === rows && size.columns === columns) return '';
    const release = this.#kept > 0 ? RELEASE : '';
    this.#kept = count;
    this.#last = size;
    if (count === 0) return release;
    // The text there scrolls up first. Setting the region moves the cursor, which may be below the region.
    const region = `${SAVE}${ESC}[1;${size.rows - count}r${RESTORE}${ESC}[${count}A`;
    return `${release}${'\n'.repeat(count)}${region}`;
  }

  #drawn(lines: readonly string[], { rows, columns }: Size): string {
    if (this.#kept === 0) return '';
    const drawn = lines.slice(0, this.#kept).map((line, at) => {
      const place = `${ESC}[${rows - this.#kept + at + 1};1H${CLEAR_LINE}`;
      // Wide characters take two columns: the terminal cuts off the rest.
      const cut = Array.from(line).slice(0, columns).join('');
      return at === 0 ? `${place}${INVERSE}${cut.padEnd(columns)}${PLAIN}` : `${place}${cut}`;
    });
    return `${SAVE}${NO_WRAP}${drawn.join('')}${WRAP}${RESTORE}`;
  }
}

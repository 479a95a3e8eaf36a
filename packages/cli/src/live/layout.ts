import type { Host } from '../host.js';
import { type Line, plainText } from './line.js';

/** The parts of a full screen. */
export interface ScreenParts {
  readonly head: readonly Line[];
  /** Cut, or filled up with blank lines, to the rows that head and foot leave. */
  readonly body: readonly Line[];
  /** In the last rows. */
  readonly foot: readonly Line[];
}

/** The number of rows that head and foot leave for the body. */
export function bodyRows({ head, foot }: Omit<ScreenParts, 'body'>, rows: number): number {
  return Math.max(0, rows - head.length - foot.length);
}

/** As many lines as the screen has rows. Head and foot together must not have more. */
export function fillScreen(parts: ScreenParts, rows: number): readonly Line[] {
  const room = bodyRows(parts, rows);
  const body = Array.from({ length: room }, (_, row): Line => parts.body[row] ?? []);
  return [...parts.head, ...body, ...parts.foot];
}

/** Prints lines once: as wide as the terminal, and of any width to a file or a pipe. */
export function printLines(
  { stdout }: Pick<Host, 'stdout'>,
  linesOf: (columns: number) => readonly Line[],
): void {
  const lines = linesOf(stdout.columns ?? Number.POSITIVE_INFINITY);
  stdout.write(`${lines.map(plainText).join('\n')}\n`);
}

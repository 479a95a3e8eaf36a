import { styleText } from 'node:util';

import { cut, widthOf } from './cell-text.js';

/** The style of a piece. Its meaning is always written in words or signs too. */
export type Style = 'strong' | 'faint' | 'warning' | 'error' | 'inverse';

/** A text at a column of a line; the first column is 0. */
export interface Piece {
  readonly at: number;
  readonly text: string;
  readonly style?: Style;
}

/** One line of a screen. */
export type Line = readonly Piece[];

/** A text, with or without a style. */
export type Part = string | { readonly text: string; readonly style: Style };

const FORMATS = {
  strong: 'bold',
  faint: 'dim',
  warning: 'yellow',
  error: 'red',
  inverse: 'inverse',
} as const satisfies Record<Style, Parameters<typeof styleText>[0]>;

const GAP = 2;

/** The parts one after the other, as many as fit into `columns`. */
export function flow(parts: readonly Part[], columns: number): Line {
  const line: Piece[] = [];
  let at = 0;
  for (const part of parts) {
    const { text, ...style } = typeof part === 'string' ? { text: part } : part;
    if (text === '') continue;
    // The first one is cut instead of left out.
    if (at > 0 && at + widthOf(text) > columns) break;
    const shown = cut(text, columns - at);
    line.push({ at, text: shown, ...style });
    at += widthOf(shown) + GAP;
  }
  return line;
}

/** The line as plain text: with spaces instead of columns, and without styles. */
export function plainText(line: Line): string {
  let text = '';
  let width = 0;
  for (const piece of line) {
    text += ' '.repeat(Math.max(0, piece.at - width)) + piece.text;
    width = Math.max(width, piece.at) + widthOf(piece.text);
  }
  return text.trimEnd();
}

/**
 * The line as text for a terminal. Each piece is placed at its column, so that a character that a terminal draws wider
 * than expected does not move the pieces after it.
 */
export function terminalText(line: Line, colors: boolean): string {
  return line
    .map(({ at, text, style }) => `\u001B[${at + 1}G${styled(text, style, colors)}`)
    .join('');
}

/** The parts as one line of text of any length, for output that scrolls. */
export function partsText(parts: readonly Part[], colors: boolean): string {
  return parts
    .map((part) => (typeof part === 'string' ? part : styled(part.text, part.style, colors)))
    .filter((text) => text !== '')
    .join('  ');
}

function styled(text: string, style: Style | undefined, colors: boolean): string {
  return style === undefined || !colors
    ? text
    : styleText(FORMATS[style], text, { validateStream: false });
}

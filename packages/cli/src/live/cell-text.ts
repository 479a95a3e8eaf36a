import stringWidth from 'string-width';

import { withoutControls } from '../terminal-text.js';

// Terminals do not agree on how wide these make what they join, vary or stand for. Without them they do.
const JOINERS = /[\p{Cf}\p{Variation_Selector}\p{Emoji_Modifier}\u20E3]/gu;
// More marks on one character only climb into the lines above.
const MARKS = /(\p{M}{2})\p{M}+/gu;
// Longer than any terminal is wide.
const LONGEST = 2_048;

const segmenter = new Intl.Segmenter();

/** Text of somebody else's as it may stand in a cell: one line, and nothing in it acts on the terminal. */
export function cellText(text: string): string {
  return withoutControls(text.slice(0, LONGEST)).replaceAll(JOINERS, '').replaceAll(MARKS, '$1');
}

// What most cells are made of, and quickly measured.
const ASCII = /^[ -~]*$/;

/** How many columns a text takes. */
export function widthOf(text: string): number {
  return ASCII.test(text) ? text.length : stringWidth(text);
}

/** A text of at most so many columns; `…` says that there was more. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = '';
  let left = columns - 1;
  if (left < 0) return '';
  for (const { segment } of segmenter.segment(text)) {
    left -= widthOf(segment);
    if (left < 0) break;
    kept += segment;
  }
  return `${kept}…`;
}

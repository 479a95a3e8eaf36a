import stringWidth from 'string-width';

import { withoutControls } from '../terminal-text.js';

// Terminals disagree about the width of what these join, vary or stand for.
const JOINERS = /[\p{Cf}\p{Variation_Selector}\p{Emoji_Modifier}\u20E3]/gu;
// More than two marks on one character reach into the lines above.
const MARKS = /(\p{M}{2})\p{M}+/gu;
// Longer than any terminal is wide.
const MAX_CHARACTERS = 2_048;

const segmenter = new Intl.Segmenter();

/** Text from outside, made safe for a cell: one line that cannot control the terminal, at most 2048 characters. */
export function cellText(text: string): string {
  return withoutControls(text.slice(0, MAX_CHARACTERS))
    .replaceAll(JOINERS, '')
    .replaceAll(MARKS, '$1');
}

// Most cells are ASCII, which is quick to measure.
const ASCII = /^[ -~]*$/;

/** The number of columns a text takes. */
export function widthOf(text: string): number {
  return ASCII.test(text) ? text.length : stringWidth(text);
}

/** The text cut to a number of columns; `…` shows that it was cut. */
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

import { styleText } from 'node:util';

type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan';

// Colour only in a terminal, not in files and pipes, and not when NO_COLOR is set.
const coloured = process.stdout.isTTY && !process.env.NO_COLOR;

/** Applies a style, if the output supports it. */
export function paint(style: Style, text: string): string {
  return coloured ? styleText(style, text) : text;
}

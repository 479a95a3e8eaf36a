import { styleText } from 'node:util';

type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan';

// Colour is for people at a terminal: not in files and pipes, and not where NO_COLOR is set.
const coloured = process.stdout.isTTY && !process.env.NO_COLOR;

/** Text in a style, where the output can show it. */
export function paint(style: Style, text: string): string {
  return coloured ? styleText(style, text) : text;
}

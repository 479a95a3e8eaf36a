import { printable } from '@openrtc/core/operate';

/** Text from outside without characters that control the terminal or change the direction of writing. */
export function withoutControls(text: string): string {
  return printable(text, Number.POSITIVE_INFINITY);
}

// Control and format characters, and line ends that JSON leaves unescaped.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** The same JSON value, with every character escaped that would control the terminal it is printed on. */
export function terminalJson(json: string): string {
  return json.replaceAll(UNPRINTABLE, (character) =>
    /[\t\n\r]/.test(character) ? blankFor(character) : escaped(character),
  );
}

// In JSON these only stand between values: inside a string they are always escaped.
function blankFor(character: string): string {
  return character === '\r' ? ' ' : character;
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    const unit = character.charCodeAt(at).toString(16);
    return `\\u${unit.padStart(4, '0')}`;
  }).join('');
}

// As in printable.ts: what acts on a terminal, or reorders what it shows.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** JSON of the same value in which nothing acts on a terminal that it is shown on. */
export function harmlessJson(json: string): string {
  return json.replaceAll(UNPRINTABLE, (character) =>
    /[\t\n\r]/.test(character) ? blankFor(character) : escaped(character),
  );
}

// Between the values of a text that is JSON; inside of them none is left unescaped.
function blankFor(character: string): string {
  return character === '\r' ? ' ' : character;
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    const unit = character.charCodeAt(at).toString(16);
    return `\\u${unit.padStart(4, '0')}`;
  }).join('');
}

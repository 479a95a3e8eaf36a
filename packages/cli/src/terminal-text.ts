// Control characters would act on the terminal, and those for writing directions reorder what is around them.
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029]/gu;

/** Text of somebody else's, made safe for a terminal. */
export function withoutControls(text: string): string {
  return text.replaceAll(UNPRINTABLE, '');
}

/** The same, cut to `max` characters. */
export function printable(text: string, max: number): string {
  const characters = Array.from(withoutControls(text.slice(0, 4 * max)));
  return characters.length <= max
    ? characters.join('')
    : `${characters.slice(0, max - 1).join('')}…`;
}

// Cc is C0, DEL and C1; Cs, with the u flag, is a surrogate that lost its other half. U+2028 and
// U+2029 break a line in some viewers.
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029]/gu;

// Room names may have 256 characters; 64 tell one from another.
const MAX_CHARACTERS = 64;

/**
 * Text from outside (a room name, a metadata value) made safe for one log line or terminal cell:
 * without control and bidirectional characters, and at most `max` characters (default 64), the last
 * one `…` when it was cut.
 */
export function printable(text: string, max = MAX_CHARACTERS): string {
  const clean = text.replace(UNPRINTABLE, '');
  // No character has more than two code units, so this copies little of a long text.
  const characters = Array.from(clean.slice(0, 2 * (max + 1)));
  return characters.length <= max ? clean : `${characters.slice(0, max - 1).join('')}…`;
}

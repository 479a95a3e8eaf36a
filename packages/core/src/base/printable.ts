// Cc: C0, DEL and C1 control characters. Cs, with the u flag: half a surrogate pair. U+2028 and U+2029 break
// lines in some viewers.
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029]/gu;

// Room names may have 256 characters; 64 are enough to recognise one.
const MAX_CHARACTERS = 64;

/**
 * Makes text from outside (a room name, a metadata value) safe for a log line or a terminal: removes control
 * characters and bidirectional controls, and cuts it to `max` characters (default 64), of which the last is
 * then `…`.
 */
export function printable(text: string, max = MAX_CHARACTERS): string {
  const clean = text.replace(UNPRINTABLE, '');
  // A character has at most two code units, so this copies only the beginning of a long text.
  const characters = Array.from(clean.slice(0, 2 * (max + 1)));
  return characters.length <= max ? clean : `${characters.slice(0, max - 1).join('')}…`;
}

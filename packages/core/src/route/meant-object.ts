import { isJsonObject, parseJson } from './parse-json.js';

/*
 * Metadata that is no object names nobody, and its call goes to the first agent and the tenant `default`. An object
 * that was only written wrong must not: it may name an agent or a tenant. These functions tell the two apart.
 */

// Whatever makes text an object stands at its beginning.
const HEAD_CHARS = 4_096;
// Not JSON, and easily put before it: a byte order mark, a character that is not seen, a comment.
const JUNK = /^(?:[\s\p{Cc}\p{Cf}]+|\/\/[^\n]*|#[^\n]*|\/\*[^]*?\*\/)/u;
const KEY = String.raw`\{\s*(?:\\*["'][^"'\\]*\\*["']|\w+)\s*:`;
const OBJECT = new RegExp(`^${KEY}`);
// Quotes that a shell has left, a string or an array that is cut off.
const WRAPPED = new RegExp(String.raw`^[\s\[\\"'${'`'}]+${KEY}`);

const IN_ARRAY = 'is an array with an object in it (send the object itself)';
const IN_QUOTES = 'is an object in quotes (encode it once, and send it without quotes)';
const AFTER_JUNK =
  'is an object after something that is not JSON, such as a byte order mark or a comment (send only the object)';

/** Says, as the end of a sentence, how text that is not valid JSON is an object; undefined when it is none. */
export function objectInText(text: string): string | undefined {
  const rest = afterJunk(text);
  return rest.startsWith('{') ? AFTER_JUNK : wrappedObject(rest);
}

/** Says, as the end of a sentence, where in a parsed value that is no object an object is; undefined when in none. */
export function objectInValue(value: unknown, encoded = 1): string | undefined {
  if (typeof value === 'string') return objectInString(value, encoded + 1);
  if (!Array.isArray(value)) return undefined;
  // Not all the strings of a long array: all calls wait for it.
  const only: unknown = value.length === 1 ? value[0] : undefined;
  return holdsObject(value) || objectInValue(only) !== undefined ? IN_ARRAY : undefined;
}

/** @param encoded - how many times the text has been encoded, its own JSON included */
function objectInString(text: string, encoded: number): string | undefined {
  const rest = afterJunk(text);
  // It may be anything, so it is only parsed if it can be more than a word.
  if (!/^["[{]/.test(rest)) return wrappedObject(rest);
  const read = parseJson(text);
  if ('problem' in read) return OBJECT.test(rest) ? encodedTimes(encoded) : wrappedObject(rest);
  return isJsonObject(read.value) ? encodedTimes(encoded) : objectInValue(read.value, encoded);
}

function wrappedObject(rest: string): string | undefined {
  if (!WRAPPED.test(rest)) return undefined;
  return rest.startsWith('[') ? IN_ARRAY : IN_QUOTES;
}

function encodedTimes(times: number): string {
  const often = times === 2 ? 'twice' : `${times} times`;
  return `is an object that was JSON.stringify'd ${often} (encode it once)`;
}

function holdsObject(list: readonly unknown[]): boolean {
  return list.some((each) => (Array.isArray(each) ? holdsObject(each) : isJsonObject(each)));
}

function afterJunk(text: string): string {
  let rest = text.slice(0, HEAD_CHARS);
  for (;;) {
    const junk = JUNK.exec(rest)?.[0] ?? '';
    if (junk === '') return rest;
    rest = rest.slice(junk.length);
  }
}

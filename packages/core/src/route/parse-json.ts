// JSON.parse takes a third of a second for 512 KiB of `[`, and no real metadata is nested this deep.
const MAX_DEPTH = 32;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const PROTO = '__proto__';
const ESCAPE = String.raw`\u`;

/** The problem of text that is not JSON, as the end of a sentence. */
export const NOT_JSON = 'is not valid JSON';

/**
 * Parses JSON, or says why it cannot, as the end of a sentence. Text that is nested deeper than 32 levels is not parsed.
 * Keys named `__proto__` are removed at every level. Never throws.
 */
export function parseJson(
  text: string,
): { readonly value: unknown } | { readonly problem: string } {
  if (nestsDeeperThan(text, MAX_DEPTH))
    return { problem: `is nested deeper than ${MAX_DEPTH} levels` };
  try {
    // A reviver takes ten times as long, and all calls wait for it.
    const mayHaveProto = text.includes(PROTO) || text.includes(ESCAPE);
    return { value: mayHaveProto ? JSON.parse(text, withoutProto) : JSON.parse(text) };
  } catch {
    // Not the message of the parser, because it quotes the text.
    return { problem: NOT_JSON };
  }
}

/** Whether a value that was parsed is an object, and no array. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// JSON.parse creates an own key `__proto__`, which a later Object.assign would turn into a prototype.
function withoutProto(key: string, value: unknown): unknown {
  return key === PROTO ? undefined : value;
}

// A scan before the parser: deep nesting would cost the parser a deep stack.
function nestsDeeperThan(text: string, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (inString) {
      if (char === BACKSLASH) i++;
      else if (char === QUOTE) inString = false;
    } else if (char === QUOTE) inString = true;
    else if (char === OPEN_BRACKET || char === OPEN_BRACE) {
      if (++depth > limit) return true;
    } else if (char === CLOSE_BRACKET || char === CLOSE_BRACE) depth--;
  }
  return false;
}

/** The values of a metadata object: own properties only, no prototype behind them, frozen. */
export type MetadataValues = Readonly<Record<string, unknown>>;

/** Job or room metadata, read once. */
export interface Metadata {
  /** Empty when there is none or it cannot be used. */
  readonly values: MetadataValues;
  /**
   * Why the text was not used, as the rest of a sentence ("is not valid JSON"). It never quotes the
   * metadata: that may hold personal data.
   */
  readonly problem?: string;
}

// LiveKit allows 512 KiB. Parsed on the event loop every call shares, so far less has to do.
const MAX_BYTES = 64 * 1024;
// 512 KiB of `[` takes JSON.parse a third of a second; nobody nests settings this deep.
const MAX_DEPTH = 32;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const NOTHING: MetadataValues = Object.freeze(emptyRecord());

/**
 * The object in a metadata text. Text that is empty gives no values and no problem; text that is
 * larger than 64 KiB, nested deeper than 32, not JSON or not an object gives no values and a
 * problem. Never throws. Keys named `__proto__` are dropped at every level.
 */
export function readMetadata(text: string): Metadata {
  if (text.trim() === '') return { values: NOTHING };
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_BYTES) return unusable(`is ${bytes} bytes long; at most ${MAX_BYTES} are read`);
  if (nestsDeeperThan(text, MAX_DEPTH))
    return unusable(`is nested deeper than ${MAX_DEPTH} levels`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text, withoutProto);
  } catch {
    // The parser's own message quotes the text.
    return unusable('is not valid JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return unusable('is JSON but not an object');
  }
  return { values: mergeMetadata(parsed as MetadataValues) };
}

/** One object with the values of all `layers`; a later one wins. */
export function mergeMetadata(...layers: readonly MetadataValues[]): MetadataValues {
  return Object.freeze(Object.assign(emptyRecord(), ...layers) as Record<string, unknown>);
}

// Without a prototype, `values.constructor` is what the metadata says or nothing.
function emptyRecord(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>;
}

function unusable(problem: string): Metadata {
  return { values: NOTHING, problem };
}

// JSON.parse makes `__proto__` an ordinary own key, which turns into a prototype in the first
// Object.assign of whoever gets it.
function withoutProto(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value;
}

// Runs before the parser, so that nesting costs a scan and not a stack.
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

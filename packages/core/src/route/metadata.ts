import { deepFreeze } from '../base/deep-freeze.js';
import type { MetadataValues } from '../call/call.js';

/** The parsed metadata of a job or a room. */
export interface Metadata {
  /** The values; empty when there is no metadata or it cannot be used. */
  readonly values: MetadataValues;
  /**
   * The reason why the text cannot be used, as the end of a sentence ("is not valid JSON"); absent when it can. It never
   * quotes the metadata, which may contain personal data.
   */
  readonly problem?: string;
  /**
   * Whether the text is an object that could not be read. It may name an agent or a tenant, so the call must not go to
   * the default ones.
   */
  readonly unread?: true;
}

/** The size of metadata that LiveKit allows, in bytes. */
const MAX_METADATA_BYTES = 512 * 1024;
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

const NOTHING: MetadataValues = Object.freeze(emptyRecord());

/**
 * Parses metadata. Blank text has no values and no problem. Text that is larger than `maxBytes`, nested deeper than 32
 * levels, not JSON or not an object has no values and a problem. Keys named `__proto__` are removed at every level.
 * Never throws.
 */
export function readMetadata(text: string, maxBytes = MAX_METADATA_BYTES): Metadata {
  const trimmed = text.trimStart();
  if (trimmed === '') return { values: NOTHING };
  const metadata = parseMetadata(text, maxBytes);
  if (metadata.problem === undefined) return metadata;
  // Other text than an object belongs to somebody else, and names nothing.
  return trimmed.startsWith('{') ? { ...metadata, unread: true } : metadata;
}

function parseMetadata(text: string, maxBytes: number): Metadata {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) return unusable(`is ${bytes} bytes long; at most ${maxBytes} are read`);
  if (nestsDeeperThan(text, MAX_DEPTH))
    return unusable(`is nested deeper than ${MAX_DEPTH} levels`);
  let parsed: unknown;
  try {
    // A reviver takes ten times as long, and all calls wait for it.
    const mayHaveProto = text.includes(PROTO) || text.includes(ESCAPE);
    parsed = mayHaveProto ? JSON.parse(text, withoutProto) : JSON.parse(text);
  } catch {
    // Not the message of the parser, because it quotes the text.
    return unusable('is not valid JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return unusable('is JSON but not an object');
  }
  return { values: deepFreeze(mergeMetadata(parsed as MetadataValues)) };
}

/** Merges metadata into one object; values of a later layer replace those of an earlier one. */
export function mergeMetadata(...layers: readonly MetadataValues[]): MetadataValues {
  return Object.freeze(Object.assign(emptyRecord(), ...layers) as Record<string, unknown>);
}

// Without a prototype, `values.constructor` is undefined unless the metadata has it.
function emptyRecord(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>;
}

function unusable(problem: string): Metadata {
  return { values: NOTHING, problem };
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

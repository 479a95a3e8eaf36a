import { deepFreeze } from '../base/deep-freeze.js';
import type { MetadataValues } from '../call/call.js';
import { objectInText, objectInValue } from './meant-object.js';
import { NOT_JSON, isJsonObject, parseJson } from './parse-json.js';

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
   * Whether the text is an object that could not be read, or was meant as one: encoded twice, in an array, after a byte
   * order mark. It may name an agent or a tenant, so the call must not go to the default ones.
   */
  readonly unread?: true;
  /** Whether the metadata names an agent or a tenant, or has a signature, and that is not valid. Only with secrets. */
  readonly unsigned?: true;
}

/** The size of metadata that LiveKit allows, in bytes. */
const MAX_METADATA_BYTES = 512 * 1024;

const NOTHING: MetadataValues = Object.freeze(emptyRecord());

/**
 * Parses metadata. Blank text has no values and no problem. Text that is larger than `maxBytes`, nested deeper than 32
 * levels, not JSON or not an object has no values and a problem. Keys named `__proto__` are removed at every level.
 * Never throws.
 */
export function readMetadata(text: string, maxBytes = MAX_METADATA_BYTES): Metadata {
  if (text.trim() === '') return { values: NOTHING };
  const bytes = Buffer.byteLength(text);
  const read =
    bytes > maxBytes
      ? { problem: `is ${bytes} bytes long; at most ${maxBytes} are read` }
      : parseJson(text);
  if ('value' in read) {
    const { value } = read;
    if (isJsonObject(value)) return { values: deepFreeze(mergeMetadata(value)) };
    const found = objectInValue(value);
    return found === undefined ? unusable('is JSON but not an object') : unread(found);
  }
  if (/^[ \t\r\n]*\{/.test(text)) return unread(read.problem);
  const found = objectInText(text);
  // Other text than an object belongs to somebody else, and names nothing.
  if (found === undefined) return unusable(read.problem);
  return unread(read.problem === NOT_JSON ? found : read.problem);
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

/** The text is an object, but not as it must be written. */
function unread(problem: string): Metadata {
  return { ...unusable(problem), unread: true };
}

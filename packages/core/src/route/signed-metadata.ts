import { hmac, isEqual } from '../base/hmac.js';
import { invalidOption } from '../base/option-checks.js';
import type { MetadataValues } from '../call/call.js';
import { isJsonObject, parseJson } from './parse-json.js';

/*
 * Signed metadata is `{"openrtc": "<token>"}`, where the token is a JSON Web Token with HMAC-SHA256 (HS256), so that
 * any language has a library for it. Its claims: `metadata`, the values; `exp`, which is required; `nbf` and `room`,
 * which are checked if they are there.
 */

/** The key of the token in the metadata. */
const KEY = 'openrtc';
/** Secrets with less are guessed too easily: as many bytes as the hash has. */
const LEAST_BYTES = 32;
/** For clocks of two machines that differ. */
const LEEWAY_MS = 30_000;
const DEFAULT_MS = 600_000;

/** Options of {@link signMetadata}. */
export interface SignOptions {
  /** The secret, at least 32 bytes: `openssl rand -base64 32`. The worker has the same one as `metadataSecret`. */
  readonly secret: string;
  /** How long the signature is valid, in milliseconds. LiveKit offers a call when its room is made. Default: 600 000. */
  readonly expiresInMs?: number;
  /** The name of the room that the metadata is for. Default: any room. */
  readonly room?: string;
  /** The present time, Unix time in milliseconds. Default: `Date.now()`. */
  readonly now?: number;
}

/** Options of {@link verifyMetadata}. */
export interface VerifyOptions {
  /** The secret, or several while one replaces another. */
  readonly secrets: string | readonly string[];
  /** The name of the room. Default: the signature may be for any room. */
  readonly room?: string;
  /** The present time, Unix time in milliseconds. Default: `Date.now()`. */
  readonly now?: number;
}

/** The values of signed metadata, or why they are not used, as the end of a sentence. It never quotes the metadata. */
export type VerifiedMetadata = { readonly values: MetadataValues } | { readonly problem: string };

/**
 * Signs metadata for a call, for apps whose clients carry it to LiveKit. Returns the text of the metadata. What is signed
 * can still be read by everybody.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION` for a secret of less than 32 bytes, or an `expiresInMs` that is not above 0
 */
export function signMetadata(
  values: object,
  { secret, expiresInMs = DEFAULT_MS, room, now = Date.now() }: SignOptions,
): string {
  checkSecret('signMetadata()', 'secret', secret);
  if (!Number.isFinite(expiresInMs) || expiresInMs <= 0)
    throw invalidOption(
      'signMetadata()',
      `expiresInMs must be a number of milliseconds above 0, got ${String(expiresInMs)}`,
    );
  const exp = Math.ceil((now + expiresInMs) / 1_000);
  const claims = { exp, ...(room === undefined ? {} : { room }), metadata: values };
  const signed = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded(claims)}`;
  return JSON.stringify({ [KEY]: `${signed}.${hmac(secret, signed).toString('base64url')}` });
}

/** Reads the text of signed metadata, and checks its signature. Never throws for any text. */
export function verifyMetadata(text: string, options: VerifyOptions): VerifiedMetadata {
  const read = parseJson(text);
  if ('problem' in read) return read;
  return isJsonObject(read.value)
    ? verifyValues(read.value, options)
    : { problem: 'is JSON but not an object' };
}

/** The same for metadata that is parsed already. */
export function verifyValues(values: MetadataValues, options: VerifyOptions): VerifiedMetadata {
  const token = Object.hasOwn(values, KEY) ? values[KEY] : undefined;
  if (token === undefined) return { problem: 'is not signed' };
  // Two truths about one call: nobody could say which of them was meant.
  if (Object.keys(values).length > 1) return { problem: 'has values beside those that are signed' };
  const [header, payload, signature, ...rest] = typeof token === 'string' ? token.split('.') : [];
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0)
    return { problem: 'has a signature that is no JSON Web Token' };
  const given = Buffer.from(signature, 'base64url');
  const secrets = typeof options.secrets === 'string' ? [options.secrets] : options.secrets;
  // Each secret is tried, so the time does not tell which one it was.
  const fits = secrets.filter((secret) => isEqual(given, hmac(secret, `${header}.${payload}`)));
  if (fits.length === 0) return { problem: 'has a wrong signature' };
  const { alg, crit } = decoded(header);
  if (alg !== 'HS256' || crit !== undefined)
    return { problem: 'is signed by a method other than HS256' };
  return valuesOf(decoded(payload), options);
}

/** Whether metadata claims something that needs a signature: an agent or a tenant, or to be signed. */
export function isClaim(values: MetadataValues): boolean {
  return [KEY, 'agent', 'demo', 'tenant'].some((key) => {
    const value = values[key];
    return (
      value !== undefined && value !== null && !(typeof value === 'string' && value.trim() === '')
    );
  });
}

/**
 * Checks a secret for signatures.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION`
 */
export function checkSecret(where: string, name: string, secret: unknown): void {
  if (typeof secret === 'string' && Buffer.byteLength(secret) >= LEAST_BYTES) return;
  throw invalidOption(
    where,
    `${name} must be a string of at least ${LEAST_BYTES} bytes, such as \`openssl rand -base64 32\` prints`,
  );
}

function valuesOf(
  { exp, nbf, room, metadata }: MetadataValues,
  options: VerifyOptions,
): VerifiedMetadata {
  const now = options.now ?? Date.now();
  if (typeof exp !== 'number') return { problem: 'has a signature without an end (exp)' };
  if (now > exp * 1_000 + LEEWAY_MS) return { problem: 'has a signature that has expired' };
  if (nbf !== undefined && !(typeof nbf === 'number' && now >= nbf * 1_000 - LEEWAY_MS))
    return { problem: 'has a signature that is not valid yet' };
  if (room !== undefined && options.room !== undefined && room !== options.room)
    return { problem: 'has a signature for another room' };
  if (!isJsonObject(metadata)) return { problem: 'has a signature without values (metadata)' };
  return { values: metadata };
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decoded(part: string): MetadataValues {
  const read = parseJson(Buffer.from(part, 'base64url').toString());
  return 'value' in read && isJsonObject(read.value) ? read.value : {};
}

import { type ErrorCode, isOpenRtcError, OpenRtcError } from './errors.js';
import { hmac, isEqual } from './hmac.js';
import { isRecord, kindOf } from './kind-of.js';
import { checkFunction, checkKeys, invalidOption } from './option-checks.js';
import { printable } from './printable.js';

/*
 * A worker proves which version it runs with a token: the HMAC-SHA256, in hexadecimal, of the JSON text
 * `["<version>","<worker>","<time>"]`, byte for byte as OpenRTC for Python makes it, so that workers and coordinators of
 * both can be mixed. Therefore times are in seconds here.
 */

/** What a worker says about itself. */
export interface Membership {
  /** The version that it runs, such as a commit. */
  readonly version: string;
  /** A name of the worker that no other one has. */
  readonly workerId: string;
  /** When the worker said so: Unix time in **seconds**, with or without a fraction. Pass it on exactly as it is. */
  readonly timestamp: number;
}

/** What {@link signMembership} signs. */
export interface MembershipToSign extends Membership {
  /** The secret that workers share with whoever verifies. `openrtc` for Python allows any; use 32 random bytes. */
  readonly secret: string;
}

/** A {@link Membership} with its token, as it has come from a worker. */
export interface SignedMembership extends Membership {
  /** What {@link signMembership} has returned. */
  readonly token: string;
}

/** Options of {@link MembershipVerifier}. */
export interface MembershipVerifierOptions {
  /** The secrets that are valid, at least one; several while one replaces another. */
  readonly secrets: readonly string[];
  /** The version that is deployed. Default: each version is valid. */
  readonly expectedVersion?: string;
  /** How old a token may be, and how far in the future, in **seconds**. Default: 300. */
  readonly maxAgeSeconds?: number;
  /** Returns the present time, Unix time in **seconds**. Default: that of the machine. */
  readonly clock?: () => number;
}

const DEFAULT_MAX_AGE_SECONDS = 300;
const SIGN = 'signMembership()';
const VERIFIER = 'MembershipVerifier';

/**
 * Returns the token with which a worker proves its version to a {@link MembershipVerifier}, also to that of OpenRTC for
 * Python. Send it with the same version, worker and timestamp.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION` for a value of a wrong type, or a secret that is empty
 */
export function signMembership({ secret, ...membership }: MembershipToSign): string {
  const wrong = faultOf(membership);
  if (wrong !== undefined) throw invalidOption(SIGN, wrong);
  checkSecret(SIGN, 'secret', secret);
  return tokenOf(membership, secret);
}

/**
 * Verifies which version workers run, for whoever decides which of them get traffic, such as during a deploy. Nothing in
 * OpenRTC asks it.
 */
export class MembershipVerifier {
  readonly #secrets: readonly string[];
  readonly #expectedVersion: string | undefined;
  readonly #maxAgeSeconds: number;
  readonly #clock: () => number;

  /** @throws OpenRtcError `CONFIG_INVALID_OPTION`, which names the option. */
  constructor(options: MembershipVerifierOptions) {
    checkKeys(VERIFIER, options, ['secrets', 'expectedVersion', 'maxAgeSeconds', 'clock']);
    const {
      secrets,
      expectedVersion,
      maxAgeSeconds = DEFAULT_MAX_AGE_SECONDS,
      clock = () => Date.now() / 1_000,
    }: MembershipVerifierOptions = options;
    if (!Array.isArray(secrets) || secrets.length === 0)
      throw invalidOption(VERIFIER, 'secrets must be an array of at least one secret');
    for (const [at, secret] of secrets.entries()) checkSecret(VERIFIER, `secrets[${at}]`, secret);
    if (expectedVersion !== undefined && typeof expectedVersion !== 'string')
      throw invalidOption(
        VERIFIER,
        `expectedVersion must be a string, got ${kindOf(expectedVersion)}`,
      );
    if (!(typeof maxAgeSeconds === 'number' && maxAgeSeconds >= 0))
      throw invalidOption(
        VERIFIER,
        `maxAgeSeconds must be a number of seconds, 0 or more, got ${String(maxAgeSeconds)}`,
      );
    checkFunction(VERIFIER, 'clock', clock);
    this.#secrets = [...secrets];
    this.#expectedVersion = expectedVersion;
    this.#maxAgeSeconds = maxAgeSeconds;
    this.#clock = clock;
  }

  /**
   * Returns if the worker is what it says. Whatever comes from the worker, no other error is thrown than these.
   * @throws OpenRtcError, the first of these that applies: `MEMBERSHIP_MALFORMED`, `MEMBERSHIP_WRONG_VERSION`,
   * `MEMBERSHIP_EXPIRED`, `MEMBERSHIP_FROM_FUTURE`, `MEMBERSHIP_WRONG_SIGNATURE`
   */
  verify(membership: SignedMembership): void {
    const wrong = faultOf(membership) ?? textFault('token', membership.token);
    if (wrong !== undefined) throw refusal('MEMBERSHIP_MALFORMED', wrong);
    const { version, timestamp, token } = membership;
    if (this.#expectedVersion !== undefined && version !== this.#expectedVersion)
      throw refusal(
        'MEMBERSHIP_WRONG_VERSION',
        `version "${printable(version)}" is not the one that is deployed, "${printable(this.#expectedVersion)}"`,
      );
    const age = this.#clock() - timestamp;
    const limit = `${this.#maxAgeSeconds} s (maxAgeSeconds)`;
    // So that a clock that gives no number accepts nothing.
    if (!(age <= this.#maxAgeSeconds))
      throw refusal('MEMBERSHIP_EXPIRED', `it is older than ${limit}`);
    if (age < -this.#maxAgeSeconds)
      throw refusal(
        'MEMBERSHIP_FROM_FUTURE',
        `it is from more than ${limit} in the future: check the clocks`,
      );
    const given = Buffer.from(token);
    // Each secret is tried, so the time does not tell which one it was.
    const fits = this.#secrets.filter((secret) =>
      isEqual(given, Buffer.from(tokenOf(membership, secret))),
    );
    if (fits.length === 0)
      throw refusal('MEMBERSHIP_WRONG_SIGNATURE', 'it was not signed with any of the secrets');
  }

  /** Whether the worker is what it says. */
  isValid(membership: SignedMembership): boolean {
    try {
      this.verify(membership);
      return true;
    } catch (error) {
      // The answer says it. An error of the clock is none about the worker.
      if (isOpenRtcError(error) && error.code.startsWith('MEMBERSHIP_')) return false;
      throw error;
    }
  }
}

type MembershipCode = Extract<ErrorCode, `MEMBERSHIP_${string}`>;

function refusal(code: MembershipCode, why: string): OpenRtcError {
  return new OpenRtcError(code, `membership: ${why}`);
}

function checkSecret(where: string, name: string, secret: unknown): void {
  // With an empty one, everybody could sign.
  if (typeof secret === 'string' && secret !== '') return;
  throw invalidOption(where, `${name} must be a string that is not empty`);
}

/** What is wrong with a membership; it may come from anywhere. */
function faultOf(value: unknown): string | undefined {
  if (!isRecord(value)) return `it must be an object, got ${kindOf(value)}`;
  const { version, workerId, timestamp } = value;
  if (typeof timestamp !== 'number' || !Number.isFinite(timestamp))
    return 'timestamp must be a number: Unix time in seconds';
  return textFault('version', version) ?? textFault('workerId', workerId);
}

function textFault(name: string, value: unknown): string | undefined {
  return typeof value === 'string' ? undefined : `${name} must be a string, got ${kindOf(value)}`;
}

function tokenOf({ version, workerId, timestamp }: Membership, secret: string): string {
  const text = JSON.stringify([version, workerId, pythonFloat(timestamp)]);
  return hmac(secret, text.replaceAll(/[\u007f-\uffff]/g, escaped)).toString('hex');
}

/** A code unit as Python's `json.dumps()` writes it: everything that is not printable ASCII is escaped. */
function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A number as Python's `repr(float(value))` writes it: `1700000000.0`, `1e-05`. */
function pythonFloat(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  const [digits, exponent] = value.toExponential().split('e');
  const power = Number(exponent);
  // Between these, JavaScript writes no exponent either.
  if (power >= -4 && power < 16) return Number.isInteger(value) ? `${value}.0` : String(value);
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

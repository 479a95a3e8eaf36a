import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import {
  MembershipVerifier,
  type MembershipVerifierOptions,
  signMembership,
  type SignedMembership,
} from './membership.js';

/** What OpenRTC for Python has made and answered; `vectors/membership.py` has the commands. */
interface Vectors {
  readonly signed: readonly (SignedMembership & { readonly secret: string })[];
  readonly verified: readonly {
    readonly what: string;
    readonly options: {
      readonly secrets: readonly string[];
      readonly expected_version?: string;
      readonly max_age_seconds?: number;
    };
    readonly now: number;
    readonly claim: Readonly<Record<'version' | 'worker_id' | 'token', string>> & {
      readonly timestamp: number;
    };
    readonly result: string;
  }[];
}

const vectors = JSON.parse(
  readFileSync(new URL('../../vectors/membership.json', import.meta.url), 'utf8'),
) as Vectors;

const now = 1_700_000_000;
const claim = { version: 'v1', workerId: 'w-1', timestamp: now };
const verifier = (options: Partial<MembershipVerifierOptions> = {}) =>
  new MembershipVerifier({ secrets: ['s'], clock: () => now, ...options });

/** The code of what is thrown. */
function codeOf(work: () => unknown): unknown {
  try {
    work();
    return 'valid';
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

test.each(vectors.signed)(
  'the same token as Python: version $version, worker $workerId, time $timestamp',
  ({ token, ...membership }) => {
    expect(signMembership(membership)).toBe(token);
  },
);

test.each(vectors.verified)('the same answer as Python: $what', (row) => {
  const {
    secrets,
    expected_version: expectedVersion,
    max_age_seconds: maxAgeSeconds,
  } = row.options;
  const { worker_id: workerId, ...rest } = row.claim;
  const own = new MembershipVerifier({
    secrets,
    ...(expectedVersion !== undefined && { expectedVersion }),
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
    clock: () => row.now,
  });
  expect(codeOf(() => own.verify({ ...rest, workerId }))).toBe(row.result);
  expect(own.isValid({ ...rest, workerId })).toBe(row.result === 'valid');
});

test('there are vectors of both kinds', () => {
  expect(vectors.signed.length).toBeGreaterThan(30);
  expect(new Set(vectors.verified.map(({ result }) => result)).size).toBe(5);
});

test('the clock of the machine is in seconds as well', () => {
  const timestamp = Date.now() / 1_000;
  const token = signMembership({ ...claim, timestamp, secret: 's' });
  new MembershipVerifier({ secrets: ['s'] }).verify({ ...claim, timestamp, token });
});

describe('what comes from a worker', () => {
  const token = signMembership({ ...claim, secret: 's' });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', token],
    ['no token', claim],
    ['a number as token', { ...claim, token: 5 }],
    ['no version', { ...claim, version: undefined, token }],
    ['no worker', { ...claim, workerId: undefined, token }],
    ['the name of Python for the worker', { ...claim, workerId: undefined, worker_id: 'w', token }],
    ['a text as time', { ...claim, timestamp: String(now), token }],
    ['no number as time', { ...claim, timestamp: Number.NaN, token }],
    ['a time without an end', { ...claim, timestamp: Number.POSITIVE_INFINITY, token }],
  ])('%s is malformed, and nothing else is thrown', (_what, given) => {
    expect(codeOf(() => verifier().verify(given as SignedMembership))).toBe('MEMBERSHIP_MALFORMED');
    expect(verifier().isValid(given as SignedMembership)).toBe(false);
  });

  test('a token that is no ASCII is only wrong', () => {
    expect(codeOf(() => verifier().verify({ ...claim, token: '🙂'.repeat(16) }))).toBe(
      'MEMBERSHIP_WRONG_SIGNATURE',
    );
  });

  test('a version from outside is made printable, and no token or secret is in a message', () => {
    const version = `v2\u001b[31m${'x'.repeat(500)}`;
    const given = { ...claim, version, token };
    const wrong = () => verifier({ secrets: ['top secret'], expectedVersion: 'v1' }).verify(given);
    expect(wrong).toThrow(/^membership: version "v2\[31mx{1,70}…" is not the one .*"v1"$/);
    expect(wrong).not.toThrow(new RegExp(`${token}|top secret`));
  });

  test('a clock that gives no time accepts nothing', () => {
    expect(verifier({ clock: () => Number.NaN }).isValid({ ...claim, token })).toBe(false);
  });

  test('an error of the clock is not taken for an answer', () => {
    const clock = () => {
      throw new Error('no clock');
    };
    expect(() => verifier({ clock }).isValid({ ...claim, token })).toThrow('no clock');
  });
});

test.each<[string, object, string]>([
  ['no secrets', { secrets: [] }, 'secrets must be an array of at least one secret'],
  ['a text as secrets', { secrets: 'secret' }, 'secrets must be an array of at least one secret'],
  ['an empty secret', { secrets: ['s', ''] }, 'secrets[1] must be a string that is not empty'],
  ['a number as version', { expectedVersion: 1 }, 'expectedVersion must be a string, got a number'],
  ['no age', { maxAgeSeconds: Number.NaN }, 'maxAgeSeconds must be a number of seconds, 0 or more'],
  ['a negative age', { maxAgeSeconds: -1 }, 'got -1'],
  ['a number as clock', { clock: now }, 'clock must be a function, got a number'],
  ['an unknown option', { maxAge: 5 }, 'unknown option "maxAge"'],
])('a verifier with %s', (_what, options, message) => {
  expect(() => verifier(options)).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID_OPTION',
      message: expect.stringContaining(message),
    }),
  );
});

test.each<[string, object, string]>([
  [
    'an empty secret',
    { secret: '' },
    'signMembership(): secret must be a string that is not empty',
  ],
  ['no secret', { secret: undefined }, 'secret must be a string'],
  ['no version', { version: undefined }, 'version must be a string, got undefined'],
  ['a Date', { timestamp: new Date() }, 'timestamp must be a number: Unix time in seconds'],
])('signing with %s', (_what, given, message) => {
  expect(() => signMembership({ ...claim, secret: 's', ...given })).toThrow(message);
});

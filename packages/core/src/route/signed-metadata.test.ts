import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import type { JobOffer } from '../call/job-offer.js';
import { routeOffer } from './routing-rules.js';
import { signMetadata, verifyMetadata } from './signed-metadata.js';

const secret = 'a secret of the app, long enough for a hash';
const old = 'the secret before, long enough for a hash too';
const now = Date.UTC(2026, 0, 1);
const options = { secret, now };

/** A token as another library would make it. */
function token(claims: object, header: object = { alg: 'HS256' }, key = secret): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

const text = (openrtc: unknown) => JSON.stringify({ openrtc });
const exp = now / 1_000 + 60;
const metadata = { tenant: 'acme' };
const verify = (given: string, room?: string) =>
  verifyMetadata(given, { secrets: [secret, old], now, ...(room !== undefined && { room }) });

describe('what is signed can be read', () => {
  test('with its values, as they were', () => {
    const values = { tenant: 'acme', agent: 'support', plan: { seats: 3 }, name: 'Zoë' };
    expect(verify(signMetadata(values, options))).toEqual({ values });
  });

  test('with an older secret, while it is still known', () => {
    const signed = signMetadata(metadata, { ...options, secret: old });
    expect(verify(signed)).toEqual({ values: metadata });
    expect(verifyMetadata(signed, { secrets: secret, now })).toEqual({
      problem: 'has a wrong signature',
    });
  });

  test('in its room only, if it names one', () => {
    const signed = signMetadata(metadata, { ...options, room: 'lobby' });
    expect(verify(signed, 'lobby')).toEqual({ values: metadata });
    expect(verify(signed, 'cellar')).toEqual({ problem: 'has a signature for another room' });
    expect(verify(signMetadata(metadata, options), 'cellar')).toEqual({ values: metadata });
  });

  test('until it expires, and half a minute more for clocks that differ', () => {
    const signed = signMetadata(metadata, { ...options, expiresInMs: 60_000 });
    const at = (ms: number) => verifyMetadata(signed, { secrets: secret, now: now + ms });
    expect(at(89_000)).toEqual({ values: metadata });
    expect(at(91_000)).toEqual({ problem: 'has a signature that has expired' });
  });

  test('as other libraries sign it', () => {
    expect(verify(text(token({ exp, metadata, iat: now / 1_000, iss: 'app' })))).toEqual({
      values: metadata,
    });
  });
});

test.each<[string, string, string]>([
  ['no object', '5', 'is JSON but not an object'],
  ['no JSON', '{', 'is not valid JSON'],
  ['unsigned', '{"tenant":"acme"}', 'is not signed'],
  ['a number as signature', text(5), 'has a signature that is no JSON Web Token'],
  ['two parts', text('a.b'), 'has a signature that is no JSON Web Token'],
  ['four parts', text('a.b.c.d'), 'has a signature that is no JSON Web Token'],
  ['no signature', text(`${token({ exp, metadata }).split('.', 2).join('.')}.`), 'has a wrong'],
  ['half a signature', text(token({ exp, metadata }).slice(0, -8)), 'has a wrong signature'],
  ['another secret', text(token({ exp, metadata }, undefined, 'x'.repeat(40))), 'has a wrong'],
  [
    'values of another',
    text(token({ exp, metadata }).replace(/\.[^.]+\./, '.e30.')),
    'has a wrong',
  ],
  ['no algorithm', text(token({ exp, metadata }, { alg: 'none' })), 'other than HS256'],
  ['another algorithm', text(token({ exp, metadata }, { alg: 'HS512' })), 'other than HS256'],
  ['critical extensions', text(token({ exp, metadata }, { alg: 'HS256', crit: ['b64'] })), 'other'],
  ['no end', text(token({ metadata })), 'without an end (exp)'],
  ['a text as end', text(token({ exp: `${exp}`, metadata })), 'without an end (exp)'],
  ['not valid yet', text(token({ exp, nbf: exp, metadata })), 'not valid yet'],
  ['no values', text(token({ exp })), 'without values (metadata)'],
  ['a list of values', text(token({ exp, metadata: [] })), 'without values (metadata)'],
  [
    'values beside it',
    JSON.stringify({ openrtc: token({ exp, metadata }), tenant: 'evil' }),
    'has values beside those that are signed',
  ],
])('metadata with %s is not believed', (_what, given, problem) => {
  expect(verify(given)).toEqual({ problem: expect.stringContaining(problem) });
});

test('a secret that is easily guessed, and a signature that never was valid', () => {
  const refused = (given: object, message: string) =>
    expect(() => signMetadata(metadata, { ...options, ...given })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID_OPTION',
        message: expect.stringContaining(message),
      }),
    );
  refused({ secret: 'short' }, 'secret must be a string of at least 32 bytes');
  refused({ secret: undefined }, 'secret must be a string');
  refused({ expiresInMs: 0 }, 'expiresInMs must be');
  refused({ expiresInMs: Number.NaN }, 'expiresInMs must be');
});

describe('routing with a secret', () => {
  const agents = ['first', 'support'];
  const names = { has: (name: string) => agents.includes(name), names: () => agents };
  const route = (given: Partial<JobOffer>) =>
    routeOffer(
      {
        jobId: 'AJ_1',
        room: 'lobby',
        agentName: '',
        jobMetadata: '',
        roomMetadata: '',
        ...given,
      } as JobOffer,
      names,
      { metadataSecrets: [secret] },
    );
  const signed = (values: object) => signMetadata(values, { secret });

  test.each<[string, Partial<JobOffer>]>([
    ['job', { jobMetadata: signed({ tenant: 'acme', agent: 'support', n: 1 }) }],
    ['room', { roomMetadata: signed({ tenant: 'acme', agent: 'support', n: 1 }) }],
  ])('the signed metadata of the %s chooses agent and tenant', (_where, offer) => {
    const metadata = { tenant: 'acme', agent: 'support', n: 1 };
    expect(route(offer)).toMatchObject({ agent: 'support', tenant: 'acme', metadata });
  });

  test.each<[string, Partial<JobOffer>]>([
    ['an agent', { jobMetadata: '{"agent":"support"}' }],
    ['a demo', { jobMetadata: '{"demo":"support"}' }],
    ['a tenant', { jobMetadata: '{"tenant":"acme"}' }],
    ['a tenant in the room', { roomMetadata: '{"tenant":"acme"}' }],
    ['a wrong signature', { jobMetadata: text(token({ exp, metadata }, {}, 'x'.repeat(40))) }],
    [
      'a tenant in the room, beside a signed job',
      { jobMetadata: signed({ agent: 'support' }), roomMetadata: '{"tenant":"acme"}' },
    ],
    [
      'the signature of another room',
      { jobMetadata: signMetadata({}, { secret, room: 'cellar' }) },
    ],
  ])('metadata that has %s without a valid signature is refused', (_what, offer) => {
    expect(route(offer)).toMatchObject({
      refused: 'invalid_signature',
      message: expect.stringMatching(/^room "lobby": the (?:job|room) metadata (?:is not|has a)/),
    });
  });

  test('unsigned metadata that names nobody is not read', () => {
    expect(route({ jobMetadata: '{"plan":"gold","tenant":" "}' })).toMatchObject({
      agent: 'first',
      tenant: 'default',
      metadata: {},
      problems: ['job metadata is not signed'],
    });
  });

  test('the name of the room chooses no agent', () => {
    expect(route({ room: 'support-1' })).toMatchObject({ agent: 'first', by: 'first_registered' });
  });
});

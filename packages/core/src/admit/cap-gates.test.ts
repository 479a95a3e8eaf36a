import fc from 'fast-check';
import { expect, test } from 'vitest';

import { Caps, type SessionCaps } from '../call/session-caps.js';
import { Admission, type Reservation } from './admission.js';
import { capGates } from './cap-gates.js';

function capped(perAgent?: SessionCaps, perTenant?: SessionCaps) {
  const admission: Admission = new Admission({
    maxConcurrentSessions: 100,
    gates: capGates({
      admission: () => admission,
      perAgent: new Caps(perAgent),
      perTenant: new Caps(perTenant),
    }),
  });
  let jobs = 0;
  const offer = (agent: string, tenant = 'default') =>
    admission.reserve({ jobId: `job-${(jobs += 1)}`, agent, tenant, room: 'lobby' });
  const refusals = (...offers: readonly (readonly [string, string?])[]) =>
    offers.map(([agent, tenant]) => {
      const answer = offer(agent, tenant);
      return 'refused' in answer ? answer.refused : 'taken';
    });
  return { admission, offer, refusals };
}

test.each<[string, SessionCaps, readonly string[]]>([
  ['one number counts for each agent', 1, ['taken', 'agent_full', 'taken', 'agent_full']],
  ['numbers by name leave the others alone', { a: 1 }, ['taken', 'agent_full', 'taken', 'taken']],
  ['names are keys only', { __proto__: 1, constructor: 1 }, ['taken', 'taken', 'taken', 'taken']],
])('a limit of calls of an agent: %s', (_what, caps, expected) => {
  const { refusals } = capped(caps);
  expect(refusals(['a'], ['a'], ['b'], ['b'])).toEqual(expected);
});

test('a limit of calls of a tenant counts the calls of all its agents', () => {
  const { refusals } = capped(undefined, { acme: 2 });
  expect(
    refusals(['a', 'acme'], ['b', 'acme'], ['c', 'acme'], ['a', 'other'], ['a'], ['a']),
  ).toEqual(['taken', 'taken', 'tenant_full', 'taken', 'taken', 'taken']);
});

test('the refusal says which limit it is', () => {
  const { offer } = capped(1, 1);
  offer('a', 'acme');
  expect(offer('a', 'other')).toEqual({
    refused: 'agent_full',
    message: 'agent "a" has 1 of 1 sessions (maxSessionsPerAgent)',
  });
  expect(offer('b', 'acme')).toEqual({
    refused: 'tenant_full',
    message: 'tenant "acme" has 1 of 1 sessions (maxSessionsPerTenant)',
  });
});

test('in any order of offers and ends, no agent and no tenant exceeds its limit, and every call that fits is taken', () => {
  const names = fc.constantFrom('a', 'b', 'c');
  const steps = fc.array(
    fc.oneof(fc.record({ agent: names, tenant: names }), fc.record({ end: fc.nat({ max: 10 }) })),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, (all) => {
      const { offer } = capped({ a: 1, b: 3 }, 2);
      const live: Reservation[] = [];
      const of = (kind: 'agent' | 'tenant', name: string) =>
        live.filter(({ call }) => call[kind] === name).length;
      for (const step of all) {
        if ('end' in step) {
          const [ended] = live.splice(step.end % Math.max(1, live.length), 1);
          ended?.release();
          continue;
        }
        const cap = { a: 1, b: 3, c: Infinity }[step.agent] ?? Infinity;
        const fits = of('agent', step.agent) < cap && of('tenant', step.tenant) < 2;
        const answer = offer(step.agent, step.tenant);
        expect('refused' in answer).toBe(!fits);
        if (!('refused' in answer)) live.push(answer);
      }
    }),
  );
});

test('limits are those of the start, whatever is done to the object later', () => {
  const caps: Record<string, number> = { a: 1 };
  const { refusals } = capped(caps);
  caps['a'] = 5;
  caps['b'] = 0;
  expect(refusals(['a'], ['a'], ['b'])).toEqual(['taken', 'agent_full', 'taken']);
});

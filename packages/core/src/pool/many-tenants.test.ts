import { voice } from '@livekit/agents';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { EchoLLM } from '../testing/providers/echo-llm.js';
import { PoolHarness } from './pool-harness.js';

const TENANTS = 10_000;
const AT_A_TIME = 250;
const TIMEOUT_MS = 20;

let rig: PoolHarness;

beforeEach(async () => {
  giveLate = [];
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

class Bare extends voice.Agent {
  constructor() {
    super({ instructions: 'x' });
  }
}

const configured = () => ({ llm: () => new EchoLLM() });
/** Gives the answers that nobody waits for any more. */
let giveLate: (() => void)[];
const late = (value: unknown) =>
  new Promise((resolve) => {
    giveLate.push(() => resolve(value));
  });

/** What a resolver may do, and the reason for which the call is refused. */
const kinds: Readonly<Record<string, readonly [resolve: () => unknown, reason: string]>> = {
  throws: [
    () => {
      throw new Error('no database');
    },
    'tenant_failed',
  ],
  rejects: [() => Promise.reject(new Error('no database')), 'tenant_failed'],
  hangs: [() => new Promise(() => {}), 'tenant_failed'],
  late: [() => late(configured()), 'tenant_failed'],
  missing: [() => null, 'unknown_tenant'],
  missing_too_late: [() => late(null), 'tenant_failed'],
  missing_later: [async () => undefined, 'unknown_tenant'],
  foreign: [() => ({ ...configured(), tenant: 'acme' }), 'tenant_failed'],
  without_providers: [async () => ({}), 'tenant_incomplete'],
  other_agent: [() => ({ ...configured(), agents: ['support'] }), 'agent_not_allowed'],
  unreadable: [
    () =>
      new Proxy(configured(), {
        get: () => {
          throw new Error('unreadable');
        },
      }),
    'tenant_failed',
  ],
  no_configuration: [() => 'acme', 'tenant_failed'],
};

test('ten thousand tenants whose resolver does what it likes: every call is refused, and one who is known is answered', async () => {
  const names = Object.keys(kinds);
  const { pool } = await rig.registered({
    agents: { shop: Bare, support: Bare },
    defaults: { llm: () => new EchoLLM() },
    tenants: {
      timeoutMs: TIMEOUT_MS,
      resolve: ((tenant: string) =>
        tenant === 'acme' ? configured() : kinds[tenant.split('-')[0] ?? '']?.[0]()) as never,
    },
  });
  const acme = await rig.livekit.call({ metadata: { tenant: 'acme', agent: 'shop' } });
  const refused = () => pool.runtimeSnapshot().refused as Record<string, number>;
  const expected: Record<string, number> = {};
  for (let at = 0; at < TENANTS; at += 1) {
    const name = names[at % names.length] ?? '';
    const reason = kinds[name]?.[1] ?? '';
    const tenant = `${name}-${at}`;
    rig.livekit.dispatch({ room: tenant, metadata: { tenant, agent: 'shop' } });
    expected[reason] = (expected[reason] ?? 0) + 1;
    if ((at + 1) % AT_A_TIME > 0) continue;
    await expect.poll(refused).toEqual(expected);
    for (const give of giveLate.splice(0)) give();
  }
  expect(await acme.say('hello')).toBe('You said: hello');
  expect(pool.runtimeSnapshot()).toMatchObject({
    totalSessionsStarted: 1,
    activeSessions: 1,
    reservedSessions: 0,
  });
  // LiveKit would have waited for an answer in vain.
  const errors = rig.livekit.jobs.map(({ error }) => error);
  expect(errors.filter((error) => error.includes('timed out'))).toEqual([]);
});

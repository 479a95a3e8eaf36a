import { voice } from '@livekit/agents';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { TenantConfig } from '../agents/tenant-config.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { PoolHarness } from './pool-harness.js';

let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

/** An agent without providers of its own. */
class Bare extends voice.Agent {
  constructor() {
    super({ instructions: 'x' });
  }
}

const answering = (name: string) => () => new EchoLLM({ reply: (text) => `${name} said: ${text}` });
const agents = { shop: Bare, support: Bare };
const house = { defaults: { llm: answering('house') } };
const call = (tenant: string | undefined, agent = 'shop') =>
  rig.livekit.call({
    metadata: JSON.stringify({ ...(tenant !== undefined && { tenant }), agent }),
  });

/** Offers a call, and waits until it was refused. */
async function refused(
  { pool }: Awaited<ReturnType<PoolHarness['registered']>>,
  reason: string,
  tenant: string | undefined,
  agent = 'shop',
): Promise<void> {
  const counted = () => Object.entries(pool.runtimeSnapshot().refused);
  const before = counted();
  const metadata = JSON.stringify({ ...(tenant !== undefined && { tenant }), agent });
  rig.livekit.dispatch({ room: `room-${Math.random()}`, metadata });
  await expect.poll(() => counted()).not.toEqual(before);
  expect(counted()).toContainEqual([reason, expect.any(Number)]);
}

test('each tenant has its own providers, greeting and limits', async () => {
  const started = await rig.registered({
    agents,
    ...house,
    tenants: {
      acme: { llm: answering('acme'), greeting: 'Welcome to Acme.', maxSessions: 1 },
      globex: { llm: answering('globex') },
      own: { inherit: true },
    },
  });
  const acme = await call('acme');
  expect(await acme.nextReply()).toBe('Welcome to Acme.');
  expect(await acme.say('hi')).toBe('acme said: hi');
  expect(await (await call('globex')).say('hi')).toBe('globex said: hi');
  expect(await (await call('own')).say('hi')).toBe('house said: hi');
  await refused(started, 'tenant_full', 'acme');
});

test.each<[string, TenantConfig | undefined, string | undefined, string]>([
  ['without a configuration', undefined, 'acme', 'unknown_tenant'],
  ['a call without a tenant', { llm: answering('acme') }, undefined, 'unknown_tenant'],
  ['without a provider that the pool has', {}, 'acme', 'tenant_incomplete'],
  [
    'that may not call the agent',
    { inherit: true, agents: ['support'] },
    'acme',
    'agent_not_allowed',
  ],
])('a call is refused before it is accepted: %s', async (_what, config, tenant, reason) => {
  const tenants = config === undefined ? {} : { acme: config };
  const started = await rig.registered({ agents, ...house, tenants });
  await refused(started, reason, tenant);
  expect(started.pool.runtimeSnapshot()).toMatchObject({
    activeSessions: 0,
    reservedSessions: 0,
    totalSessionsStarted: 0,
  });
});

test('with unknownTenant: defaults, tenants without a configuration use what the pool has', async () => {
  await rig.registered({ agents, ...house, tenants: {}, unknownTenant: 'defaults' });
  expect(await (await call('acme')).say('hi')).toBe('house said: hi');
});

test('a tenant has no more new calls within a minute than it may have; refused ones do not count', async () => {
  const tenants = { acme: { llm: answering('acme'), maxCallsPerMinute: 2 } };
  const filter = vi.fn(() => filter.mock.calls.length > 1);
  const started = await rig.registered({ agents, tenants, requestFilter: filter });
  await refused(started, 'filtered', 'acme');
  (await call('acme')).hangUp();
  (await call('acme')).hangUp();
  await refused(started, 'tenant_rate', 'acme');
});

test('a resolver that names an agent that is not registered is a line in the log, and no error', async () => {
  const tenants = (tenant: string) => ({ agents: ['shop', `${tenant}s`], llm: answering(tenant) });
  const { pool } = await rig.registered({ agents, tenants });
  expect(await (await call('acme')).say('hi')).toBe('acme said: hi');
  expect(await (await call('acme')).say('hi')).toBe('acme said: hi');
  expect(rig.log.matching('warn', /registered/)).toEqual([
    'tenant "acme" may call agents that are not registered: acmes (tenants: agents)',
  ]);
  pool.add('globexs', Bare);
  expect(await (await call('globex')).say('hi')).toBe('globex said: hi');
  expect(rig.log.matching('warn', /registered/)).toHaveLength(1);
});

describe('a resolver', () => {
  const resolved = (resolve: (tenant: string) => unknown, more: object = {}) =>
    rig.registered({
      agents,
      tenants: { resolve, ...more },
    } as AgentPoolOptions);

  test.each<[string, (tenant: string) => unknown, string]>([
    [
      'throws',
      () => {
        throw new Error('no database');
      },
      'tenant_failed',
    ],
    ['never answers', () => new Promise(() => {}), 'tenant_failed'],
    [
      'answers for another tenant',
      () => ({ tenant: 'globex', llm: answering('globex') }),
      'tenant_failed',
    ],
    ['gives no valid configuration', async () => ({ llm: 5 }), 'tenant_failed'],
    ['knows no such tenant', async () => null, 'unknown_tenant'],
  ])('that %s: the call is refused', async (_what, resolve, reason) => {
    const started = await resolved(resolve, { timeoutMs: 20 });
    await refused(started, reason, 'acme');
    expect(started.pool.runtimeSnapshot().reservedSessions).toBe(0);
  });

  test('is asked again when the tenant is forgotten', async () => {
    let name = 'first';
    const { pool } = await resolved(async () => ({ llm: answering(name) }));
    expect(await (await call('acme')).say('hi')).toBe('first said: hi');
    name = 'second';
    expect(await (await call('acme')).say('hi')).toBe('first said: hi');
    pool.invalidateTenant('acme');
    expect(await (await call('acme')).say('hi')).toBe('second said: hi');
  });

  test('that gives two tenants one provider: the call of the second fails', async () => {
    const shared = new EchoLLM();
    await resolved(() => ({ llm: shared }));
    await (await call('acme')).say('hi');
    const jobId = rig.livekit.dispatch({
      room: 'second',
      metadata: JSON.stringify({ tenant: 'globex', agent: 'shop' }),
    });
    expect(await rig.ends.of(jobId)).toMatchObject({
      status: 'failed',
      error: {
        code: 'SESSION_TENANT_FAILED',
        message: expect.stringContaining('the same object as that of tenant "acme"'),
      },
    });
  });
});

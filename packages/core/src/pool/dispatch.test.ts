import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { AgentPool } from './agent-pool.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import { EchoAgent, PoolHarness } from './pool-harness.js';

let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

const agents = { sales: () => new EchoAgent('Sales'), support: () => new EchoAgent('Support') };
const names = () => rig.livekit.workers.map(({ agentName }) => agentName).toSorted();

async function perAgent(options: AgentPoolOptions = {}) {
  const started = rig.start({ dispatch: 'per_agent', agents, ...options });
  await Promise.race([
    rig.livekit.until(({ workers }) => workers.length === Object.keys(agents).length),
    started.running,
  ]);
  return started;
}

describe('dispatch by agent name', () => {
  test('each agent is registered under its name, which chooses it whatever the metadata says', async () => {
    const { pool } = await perAgent();
    expect(names()).toEqual(['sales', 'support']);
    const call = await rig.livekit.call({
      agentName: 'support',
      room: 'sales-1',
      jobMetadata: { agent: 'sales' },
    });
    expect(await call.say('hello')).toBe('Support said: hello');
    call.hangUp();
    expect(await call.ended).toMatchObject({ status: 'success' });
    expect(pool.runtimeSnapshot().livekit).toMatchObject({
      state: 'registered',
      reconnects: 0,
      registrations: [
        { agentName: 'sales', jobType: 'room', state: 'registered' },
        { agentName: 'support', jobType: 'room', state: 'registered' },
      ],
    });
  });

  test('a router is asked before the name, and may leave the choice to it', async () => {
    await perAgent({ router: ({ room }) => (room === 'vip' ? 'sales' : null) });
    const vip = await rig.livekit.call({ agentName: 'support', room: 'vip' });
    expect(await vip.say('hello')).toBe('Sales said: hello');
    const other = await rig.livekit.call({ agentName: 'support' });
    expect(await other.say('hello')).toBe('Support said: hello');
  });

  test('all names share one capacity', async () => {
    const { pool } = await perAgent({ maxConcurrentSessions: 2 });
    await rig.livekit.call({ agentName: 'sales' });
    await rig.livekit.call({ agentName: 'support' });
    await rig.livekit.until(({ workers }) =>
      workers.every(({ status, jobCount }) => status === 'full' && jobCount === 2),
    );
    for (const agentName of ['sales', 'support'])
      await expect(rig.livekit.call({ agentName })).rejects.toThrow(/capacity|refused/);
    expect(pool.runtimeSnapshot().activeSessions).toBe(2);
  });

  test('an added agent is registered; a removed one stays registered until its live calls end', async () => {
    const { pool } = await perAgent();
    pool.add('billing', () => new EchoAgent('Billing'));
    await rig.livekit.until(({ workers }) => workers.length === 3);
    const call = await rig.livekit.call({ agentName: 'billing' });
    expect(await call.say('one')).toBe('Billing said: one');

    pool.remove('billing');
    await rig.livekit.until(({ workers }) =>
      workers.some(({ agentName, status }) => agentName === 'billing' && status === 'full'),
    );
    await expect(rig.livekit.call({ agentName: 'billing' })).rejects.toThrow('capacity');
    expect(await call.say('two')).toBe('Billing said: two');
    call.hangUp();
    expect(await call.ended).toMatchObject({ status: 'success' });
    await rig.livekit.until(({ workers }) => workers.length === 2);
    expect(pool.runtimeSnapshot().livekit.registrations).toHaveLength(2);
  });

  test('an agent that is removed and added again during one of its calls is registered again', async () => {
    const { pool } = await perAgent();
    const call = await rig.livekit.call({ agentName: 'sales' });
    pool.remove('sales');
    pool.add('sales', () => new EchoAgent('New sales'));
    await rig.livekit.until(({ workers }) => workers.length === 3);
    const next = await rig.livekit.call({ agentName: 'sales' });
    expect(await next.say('hello')).toBe('New sales said: hello');
    expect(await call.say('hello')).toBe('Sales said: hello');
  });

  test('all register again after LiveKit was down, and a call that ended meanwhile is recorded', async () => {
    const { pool } = await perAgent();
    const call = await rig.livekit.call({ agentName: 'sales' });
    await call.say('hello');
    const before = rig.livekit.workers.map(({ id }) => id);
    rig.livekit.dropWorkers();
    call.hangUp();
    expect(await call.ended).toMatchObject({ status: 'success' });
    await rig.livekit.until(
      ({ workers }) => workers.length === 2 && workers.every(({ id }) => !before.includes(id)),
    );
    await rig.livekit.until(() => pool.runtimeSnapshot().livekit.state === 'registered');
    expect(pool.runtimeSnapshot().livekit.reconnects).toBe(2);
  });

  test('closing closes every registration', async () => {
    const { pool, running } = await perAgent();
    pool.add('billing', () => new EchoAgent('Billing'));
    await pool.close();
    await running;
    await rig.livekit.until(({ workers }) => workers.length === 0);
    expect(() => pool.add('late', () => new EchoAgent('Late'))).toThrow('this pool is closed');
    expect(pool.runtimeSnapshot().livekit.state).toBe('closed');
  });
});

test.each<[AgentPoolOptions | Record<string, unknown>, string]>([
  [{ dispatch: 'per_agent', agentName: 'desk' }, 'cannot have the name "desk"'],
  [{ dispatch: 'per-agent' }, "dispatch must be 'per_pool' or 'per_agent', got per-agent"],
  [{ dispatch: ['per_agent'] }, "dispatch must be 'per_pool' or 'per_agent', got an array"],
  [{ jobTypes: [] }, "jobTypes must be an array of one or more of 'room', "],
  [{ jobTypes: [] }, 'got an empty array'],
  [{ jobTypes: 'room' }, 'got room'],
  [{ jobTypes: ['room', 'toString'] }, 'got toString'],
  [{ jobTypes: ['room', 'room'] }, 'jobTypes must not name a type twice'],
  [{ permissions: { canPublish: 1 } }, 'permissions.canPublish must be a boolean'],
  [{ permissions: { canPublsh: true } }, 'unknown option "canPublsh"'],
  [{ permissions: true }, 'options must be an object'],
])('a pool with %j is refused', (options, message) => {
  expect(() => new AgentPool(options as AgentPoolOptions)).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID_OPTION',
      message: expect.stringContaining(message),
    }),
  );
});

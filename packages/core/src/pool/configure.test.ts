import { afterEach, beforeEach, expect, test } from 'vitest';

import { AgentPool } from './agent-pool.js';
import { manual } from './manual-isolation.fixture.js';
import { EchoAgent, PoolHarness } from './pool-harness.js';
import type { PoolSettings } from '../options/pool-options.js';

let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

test('settings override options; options that are not set again stay', () => {
  const pool = new AgentPool({
    maxConcurrentSessions: 5,
    consecutiveFailureLimit: 3,
    defaults: { llm: 'openai/gpt-4.1', greeting: 'Hello.' },
  });
  pool.configure({
    isolation: manual().strategy,
    maxConcurrentSessions: 9,
    defaults: { greeting: 'Good day.' },
  });
  expect(pool.isolation).toBe('manual');
  expect(pool.maxConcurrentSessions).toBe(9);
  expect(pool.consecutiveFailureLimit).toBe(3);
  expect(pool.defaults).toEqual({ llm: 'openai/gpt-4.1', greeting: 'Good day.' });
});

test('a setting that is undefined counts as not given', () => {
  const pool = new AgentPool({ maxConcurrentSessions: 5, defaults: { llm: 'a/b' } });
  const settings = { maxConcurrentSessions: undefined, defaults: { llm: undefined } };
  pool.configure(settings as unknown as PoolSettings);
  expect(pool.maxConcurrentSessions).toBe(5);
  expect(pool.defaults).toEqual({ llm: 'a/b' });
});

test('an invalid setting changes nothing', () => {
  const pool = new AgentPool({ maxConcurrentSessions: 5 });
  expect(() => pool.configure({ maxConcurrentSessions: 0, agentName: 'x' })).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID_OPTION' }),
  );
  expect(pool.maxConcurrentSessions).toBe(5);
});

test('livekit is merged key by key, also when it is an instance of a class', async () => {
  const { strategy } = manual();
  const agents = { echo: () => new EchoAgent() };
  // Its properties are getters, which a spread would lose.
  const options = rig.options({ agents, isolation: strategy, livekit: rig.livekit });
  const pool = new AgentPool(options);
  pool.configure({ livekit: { allowedHosts: ['rtc.example.com'] } });
  const running = pool.run({ processHandlers: false });
  await rig.livekit.until(({ workers }) => workers.length === 1);
  await pool.drain();
  await running;
});

test('a pool that has run cannot be configured', async () => {
  const { pool } = await rig.registered();
  expect(() => pool.configure({ maxConcurrentSessions: 9 })).toThrow(
    expect.objectContaining({ code: 'POOL_STATE' }),
  );
});

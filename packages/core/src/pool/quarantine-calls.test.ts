import { voice } from '@livekit/agents';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { AgentPoolOptions } from '../options/pool-options.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { EchoAgent, PoolHarness } from './pool-harness.js';

// A job that cannot work: the app dispatches it in a loop, or LiveKit offers it again.
let rig: PoolHarness;
let missing: boolean;

beforeEach(async () => {
  rig = await PoolHarness.start();
  missing = true;
});

afterEach(() => rig.close());

/** An agent that cannot be made for one order, as long as that is missing. */
class Orders extends voice.Agent {
  constructor(order: unknown) {
    super({ instructions: 'x', llm: new EchoLLM() });
    if (missing && order === 'A-17') throw new Error('no such order');
  }
}

const agents = {
  orders: ({ metadata }: { metadata: Readonly<Record<string, unknown>> }) =>
    new Orders(metadata['order']),
};
const broken = { tenant: 'acme', order: 'A-17' };
const text = (metadata: object) => JSON.stringify(metadata);

/** Dispatches a job that fails, and waits until it has. */
async function fail(metadata: object = broken): Promise<void> {
  const jobId = rig.livekit.dispatch({ room: `room-${Math.random()}`, metadata: text(metadata) });
  expect(await rig.ends.of(jobId)).toMatchObject({ status: 'failed', causedBy: 'agent' });
}

async function started(options: AgentPoolOptions = {}) {
  return rig.registered({ agents, ...options });
}

async function refused(
  { pool }: Awaited<ReturnType<typeof started>>,
  metadata: object = broken,
): Promise<void> {
  const count = pool.runtimeSnapshot().refused['quarantined'] ?? 0;
  rig.livekit.dispatch({ room: `room-${Math.random()}`, metadata: text(metadata) });
  await expect.poll(() => pool.runtimeSnapshot().refused['quarantined']).toBe(count + 1);
}

test('a job that has failed three times is refused, and its metadata is not in the log', async () => {
  const running = await started();
  const other = await rig.livekit.call({ metadata: text({ ...broken, order: 'A-18' }) });
  for (let count = 0; count < 3; count += 1) await fail();
  await refused(running);
  expect(await other.say('hello')).toBe('You said: hello');
  const next = await rig.livekit.call({ metadata: text({ ...broken, order: 'A-19' }) });
  expect(await next.say('hello')).toBe('You said: hello');
  expect(rig.log.matching('error', /^quarantine: agent "orders", tenant "acme"/)).toHaveLength(1);
  expect(rig.log.matching('info', /^refused a call: .*quarantine/)).toHaveLength(1);
  expect(JSON.stringify(rig.log.lines)).not.toContain('A-17');
  expect(running.pool.runtimeSnapshot().state).toBe('running');
});

test('without a breaker and without a tenant it is refused as well', async () => {
  const running = await started({ breaker: false, quarantine: { failures: 2 } });
  const metadata = { order: 'A-17' };
  for (let count = 0; count < 2; count += 1) await fail(metadata);
  await refused(running, metadata);
});

test('after the cooldown one is tried: failed it begins again, answered it ends', async () => {
  await started({ quarantine: { failures: 2, cooldownMs: 1 } });
  for (let count = 0; count < 3; count += 1) {
    await fail();
    // Longer than the cooldown.
    await sleep(5);
  }
  await rig.log.until('have failed 3 times in a row');
  missing = false;
  const tried = await rig.livekit.call({ metadata: text(broken) });
  expect(await tried.say('hello')).toBe('You said: hello');
  await rig.log.until('calls with the same metadata are taken again');
  expect(rig.log.matching('info', /one call is tried/)).toHaveLength(2);
});

test('an agent that is replaced is given the job again', async () => {
  const running = await started({ quarantine: { failures: 1 } });
  await fail();
  await refused(running);
  running.pool.replace('orders', () => new EchoAgent('New'));
  const call = await rig.livekit.call({ metadata: text(broken) });
  expect(await call.say('hello')).toBe('New said: hello');
});

test('with quarantine: false every job is taken, as often as it fails', async () => {
  const { pool } = await started({ quarantine: false, breaker: false });
  for (let count = 0; count < 6; count += 1) await fail();
  expect(pool.runtimeSnapshot().refused).toEqual({});
});

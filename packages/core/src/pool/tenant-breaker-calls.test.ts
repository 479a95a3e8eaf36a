import { voice } from '@livekit/agents';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { unauthorized } from '../session/failing-providers.fixture.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { PoolHarness } from './pool-harness.js';

let rig: PoolHarness;
let dead: boolean;

beforeEach(async () => {
  rig = await PoolHarness.start();
  dead = true;
});

afterEach(() => rig.close());

class KeyedLLM extends EchoLLM {
  override chat(options: Parameters<EchoLLM['chat']>[0]) {
    if (dead) throw unauthorized();
    return super.chat(options);
  }
}

/** An agent with the key of its tenant. That of `bad` may be dead. */
class Shop extends voice.Agent {
  constructor(tenant: string) {
    super({ instructions: 'x', llm: tenant === 'bad' ? new KeyedLLM() : new EchoLLM() });
  }
}

/** An agent that may be impossible to construct for a tenant. */
class Menu extends voice.Agent {
  constructor(tenant: string) {
    super({ instructions: 'x', llm: new EchoLLM() });
    if (dead && tenant === 'bad') throw new Error('no menu');
  }
}

const agents = {
  shop: ({ tenant }: { tenant: string }) => new Shop(tenant),
  menu: ({ tenant }: { tenant: string }) => new Menu(tenant),
};
const minCalls = 3;
const dispatched = (tenant: string, agent: string) => JSON.stringify({ tenant, agent });
const call = (tenant: string, agent = 'shop') =>
  rig.livekit.call({ metadata: dispatched(tenant, agent) });

/** Calls of the tenant `bad` that ask something and get no answer. */
async function failCalls(): Promise<void> {
  for (let count = 0; count < minCalls; count += 1) {
    const bad = await call('bad');
    // It has no reply.
    bad.say('hello').catch(() => {});
  }
  await rig.log.until('breaker: tenant "bad", agent "shop": 3 of 3 calls were not answered');
}

test('after calls whose turns had no answer, the next ones of their tenant are refused, and those of others go on', async () => {
  const { pool } = await rig.registered({ agents, breaker: { minCalls } });
  const good = await call('good');
  await failCalls();
  rig.livekit.dispatch({ room: 'refused', metadata: dispatched('bad', 'shop') });
  await expect.poll(() => pool.runtimeSnapshot().refused['breaker_open']).toBe(1);
  expect(rig.log.matching('info', /refused a call: .* tenant "bad"/)).toHaveLength(1);
  expect(await good.say('hello')).toBe('You said: hello');
  expect(await (await call('good')).say('hello')).toBe('You said: hello');
  // The other agent of the tenant has providers of its own.
  dead = false;
  expect(await (await call('bad', 'menu')).say('hello')).toBe('You said: hello');
  // The owner's own calls.
  expect(await (await call('')).say('hello')).toBe('You said: hello');
});

test('calls that fail at their start count as well', async () => {
  const { pool } = await rig.registered({ agents, breaker: { minCalls } });
  const room = (at: number) => ({ room: `room-${at}`, metadata: dispatched('bad', 'menu') });
  for (let at = 0; at < minCalls; at += 1) rig.livekit.dispatch(room(at));
  await rig.log.until('breaker: tenant "bad", agent "menu"');
  rig.livekit.dispatch(room(minCalls));
  await expect.poll(() => pool.runtimeSnapshot().refused['breaker_open']).toBe(1);
  expect(pool.runtimeSnapshot().state).toBe('running');
});

test('after the cooldown a call is tried: unanswered it opens the breaker again, answered it ends it', async () => {
  await rig.registered({ agents, breaker: { minCalls, cooldownMs: 1 } });
  await failCalls();
  const tried = await call('bad');
  tried.say('hello').catch(() => {});
  await rig.log.until('1 of 1 calls were not answered');
  dead = false;
  expect(await (await call('bad')).say('hello')).toBe('You said: hello');
  await rig.log.until('breaker: tenant "bad", agent "shop": calls are taken again');
  expect(rig.log.matching('info', /one call is tried/)).toHaveLength(2);
});

test('without a breaker all calls are taken', async () => {
  const { pool } = await rig.registered({ agents, breaker: false });
  for (let count = 0; count < 6; count += 1) (await call('bad')).say('hello').catch(() => {});
  await expect
    .poll(() => pool.runtimeSnapshot().sessions.filter(({ turns }) => turns.unanswered > 0).length)
    .toBe(6);
  dead = false;
  expect(await (await call('bad')).say('hello')).toBe('You said: hello');
});

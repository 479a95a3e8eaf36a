import { JobType } from '@livekit/protocol';
import { TokenVerifier } from 'livekit-server-sdk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { AgentPool } from './agent-pool.js';
import { manual } from './manual-isolation.fixture.js';
import { EchoAgent, PoolHarness, unclosable } from './pool-harness.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import { outcomeOf } from '../call/session-outcome.js';

let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

const quiet = { processHandlers: false };

function twoAgents(options: AgentPoolOptions): AgentPool {
  const agents = { first: () => new EchoAgent(), second: () => new EchoAgent() };
  return new AgentPool(rig.options({ agents, ...options }));
}

describe('connect()', () => {
  test('sends the named agent to the room, with a token for that room only, and registers nothing', async () => {
    const { strategy, calls, began, isClosed } = manual();
    const pool = twoAgents({ isolation: strategy, permissions: { canPublish: false } });
    const connected = pool.connect({ room: 'here', agent: 'second' }, quiet);
    await began;
    const [call] = calls;
    expect(call?.ticket.info).toMatchObject({ agent: 'second', room: 'here', tenant: 'default' });
    expect(call?.ticket.media.url).toBe(rig.livekit.url);
    const verifier = new TokenVerifier(rig.livekit.apiKey, rig.livekit.apiSecret);
    expect(await verifier.verify(call?.ticket.media.token ?? '')).toMatchObject({
      sub: call?.ticket.identity,
      kind: 'agent',
      video: { roomJoin: true, room: 'here', agent: true, canPublish: false, canSubscribe: true },
    });
    expect(call?.ticket.job.type).toBe(JobType.JT_ROOM);
    expect(rig.livekit.workers).toEqual([]);
    expect(pool.runtimeSnapshot()).toMatchObject({ activeSessions: 1, draining: true });
    call?.end();
    expect(await connected).toMatchObject(outcomeOf('agent_shutdown'));
    expect(isClosed()).toBe(true);
    expect(pool.runtimeSnapshot().state).toBe('closed');
  });

  test('without an agent name, the call is routed like any call to that room', async () => {
    const { strategy, calls, began } = manual();
    const connected = twoAgents({ isolation: strategy }).connect({ room: 'second-7' }, quiet);
    await began;
    expect(calls[0]?.ticket.info.agent).toBe('second');
    calls[0]?.end();
    await connected;
  });

  test('returns how the call failed', async () => {
    const { strategy, calls, began } = manual();
    const connected = twoAgents({ isolation: strategy }).connect({ room: 'here' }, quiet);
    await began;
    calls[0]?.fail(new Error('no room'));
    expect(await connected).toMatchObject({ status: 'failed', detail: 'no room' });
  });

  test('leaves the options of the pool as they are, and its observers are notified', async () => {
    const { strategy, calls, began } = manual();
    const observers = Object.freeze([rig.ends]);
    const pool = twoAgents({ isolation: strategy, observers });
    const connected = pool.connect({ room: 'here' }, quiet);
    await began;
    calls[0]?.end();
    const outcome = await connected;
    expect(rig.ends.all.map((end) => end.outcome)).toEqual([outcome]);
    await expect(pool.connect({ room: 'here' }, quiet)).rejects.toMatchObject({
      code: 'POOL_STATE',
      message: expect.stringMatching(/^connect\(\): this pool is closed/),
    });
  });

  test('is ended by close()', async () => {
    const { strategy, began } = manual();
    const pool = twoAgents({ isolation: strategy });
    const connected = pool.connect({ room: 'here' }, quiet);
    await began;
    await pool.close();
    expect(await connected).toMatchObject({ status: 'success' });
  });

  test('an unknown agent is refused before anything is opened', async () => {
    const pool = twoAgents({ isolation: manual().strategy });
    await expect(pool.connect({ room: 'here', agent: 'secnd' }, quiet)).rejects.toMatchObject({
      code: 'CONFIG_UNKNOWN_AGENT',
      message: expect.stringContaining('did you mean "second"'),
    });
    expect(pool.runtimeSnapshot().state).toBe('idle');
  });

  test('a participant who is not in the room is an error, and nothing stays open', async () => {
    const { strategy, isClosed } = manual();
    const pool = twoAgents({ isolation: strategy });
    const connected = pool.connect({ room: 'here', participantIdentity: 'nobody' }, quiet);
    await expect(connected).rejects.toMatchObject({
      code: 'SESSION_JOIN_FAILED',
      message: expect.stringContaining('"nobody"'),
    });
    expect(isClosed()).toBe(true);
  });

  test('a key that LiveKit refuses is told as such, also when the isolation cannot be closed', async () => {
    const { url, apiKey } = rig.livekit;
    const livekit = { url, apiKey, apiSecret: 'another-secret-of-thirty-two-letters' };
    const isolation = unclosable(new Error('cannot close'), manual().strategy);
    const pool = twoAgents({ isolation, livekit });
    await expect(pool.connect({ room: 'here' }, quiet)).rejects.toMatchObject({
      code: 'LINK_UNAUTHORIZED',
    });
  });

  test('a call that the router refuses is an error', async () => {
    const router = () => 'nobody';
    const pool = twoAgents({ isolation: manual().strategy, router });
    await expect(pool.connect({ room: 'here' }, quiet)).rejects.toMatchObject({
      message: expect.stringContaining('was refused'),
    });
  });
});

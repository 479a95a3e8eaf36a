import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { RequestFilter } from '../admit/request-filter.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import type { IsolationStrategy } from '../launch/isolation-strategy.js';
import { deferred } from '../base/deferred.js';
import { manual } from './manual-isolation.fixture.js';
import { EchoAgent, PoolHarness } from './pool-harness.js';

let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

const agents = { first: () => new EchoAgent(), support: () => new EchoAgent() };
const boom = (): never => {
  throw new Error('the list of bans cannot be read');
};
// oxlint-disable-next-line unicorn/no-thenable -- What is tested.
const dishonest = Object.defineProperty({}, 'then', { get: boom });

/** A strategy that says how many of its places are taken. */
function counted(): { strategy: IsolationStrategy; taken: () => number } {
  const inner = manual().strategy;
  let taken = 0;
  const strategy: IsolationStrategy = {
    name: 'counted',
    async open(host, signal) {
      const isolation = await inner.open(host, signal);
      return {
        ...isolation,
        reserve: () => {
          taken += 1;
          return { release: () => void (taken -= 1) };
        },
        [Symbol.asyncDispose]: () => isolation[Symbol.asyncDispose](),
      };
    },
  };
  return { strategy, taken: () => taken };
}

test('a filter sees the call as it will be, frozen', async () => {
  const seen: unknown[] = [];
  await rig.registered({
    agents,
    requestFilter: (call) => {
      seen.push(call, Object.isFrozen(call));
      return true;
    },
  });
  const metadata = JSON.stringify({ agent: 'support', tenant: ' acme ', plan: 'gold' });
  const call = await rig.livekit.call({ room: 'lobby', metadata });
  expect(seen).toEqual([
    {
      jobId: call.jobId,
      agent: 'support',
      tenant: 'acme',
      room: 'lobby',
      metadata: { agent: 'support', tenant: 'acme', plan: 'gold' },
    },
    true,
  ]);
  call.hangUp();
});

// What a filter may answer, and what comes of it. None but `true` takes the call.
const answers: readonly (readonly [
  what: string,
  filter: (call: object) => unknown,
  refused: string | undefined,
  log: string | undefined,
])[] = [
  ['true', () => true, undefined, undefined],
  ['a promise of true', async () => true, undefined, undefined],
  ['false', () => false, 'filtered', 'refused a call: by requestFilter'],
  ['a promise of false', async () => false, 'filtered', 'refused a call: by requestFilter'],
  ['a reason', () => 'banned\n', 'filtered', 'refused a call: by requestFilter: banned'],
  ['nothing', () => undefined, 'filter_failed', 'requestFilter returned undefined; return true'],
  ['a number', () => 1, 'filter_failed', 'requestFilter returned a number'],
  [
    'an object',
    async () => ({ accept: true }),
    'filter_failed',
    'requestFilter returned an object',
  ],
  ['an error', boom, 'filter_failed', 'requestFilter threw: the list of bans cannot be read'],
  ['a late error', async () => boom(), 'filter_failed', 'requestFilter threw: the list of bans'],
  ['a dishonest promise', () => dishonest, 'filter_failed', 'requestFilter threw: the list of'],
  [
    'never',
    () => new Promise(() => {}),
    'filter_failed',
    'requestFilter did not answer within 30 ms',
  ],
];

test.each(answers)('a filter that answers %s', async (_what, filter, refused, log) => {
  const { strategy, taken } = counted();
  const { pool } = await rig.registered({
    isolation: strategy,
    maxConcurrentSessions: 1,
    requestFilter: filter as RequestFilter,
    requestFilterTimeoutMs: 30,
  });
  // Twice, because a place that was not given back would refuse the second call as `full`.
  for (const room of ['one', 'two']) {
    if (refused === undefined) {
      rig.livekit.dispatch({ room });
      await rig.livekit.until(({ jobs }) => jobs.some(({ status }) => status === 'running'));
      return;
    }
    await expect(rig.livekit.call({ room })).rejects.toThrow('all refused');
  }
  const { activeSessions, reservedSessions, refused: counts } = pool.runtimeSnapshot();
  expect({ activeSessions, reservedSessions, counts, taken: taken() }).toEqual({
    activeSessions: 0,
    reservedSessions: 0,
    counts: { [refused ?? '']: 2 },
    taken: 0,
  });
  expect(rig.log.lines.map(({ message }) => message)).toContainEqual(
    expect.stringContaining(log ?? ''),
  );
});

describe('the order of admission', () => {
  const asked: string[] = [];
  const filter: RequestFilter = ({ room }) => {
    asked.push(room);
    return true;
  };
  beforeEach(() => asked.splice(0));

  interface Before {
    readonly what: string;
    readonly options?: AgentPoolOptions;
    readonly reason: string;
    readonly metadata?: object;
  }
  const before: readonly Before[] = [
    {
      what: 'an agent that is not registered',
      reason: 'unknown_agent',
      metadata: { agent: 'nobody' },
    },
    { what: 'a tenant that cannot be', reason: 'invalid_tenant', metadata: { tenant: 'a b' } },
    {
      what: 'a room of nobody',
      options: { acceptOnlyRegisteredRooms: true },
      reason: 'unregistered_room',
    },
    { what: 'an agent that is full', options: { maxSessionsPerAgent: 1 }, reason: 'agent_full' },
    { what: 'a tenant that is full', options: { maxSessionsPerTenant: 1 }, reason: 'tenant_full' },
  ];

  test.each(before)('no filter is asked about $what', async ({ options, reason, metadata }) => {
    const { strategy } = manual();
    const { pool } = await rig.registered({
      agents,
      isolation: strategy,
      requestFilter: filter,
      ...options,
    });
    rig.livekit.dispatch({ room: 'first-1' });
    await rig.livekit.until(({ jobs }) => jobs[0]?.status === 'running');
    const refusedCall = rig.livekit.call({
      room: 'other',
      ...(metadata && { metadata: JSON.stringify(metadata) }),
    });
    await expect(refusedCall).rejects.toThrow('all refused');
    expect(pool.runtimeSnapshot().refused).toEqual({ [reason]: 1 });
    expect(asked).toEqual(['first-1']);
  });

  test('a place stays reserved while a filter thinks, so that a burst cannot exceed the limit', async () => {
    const { strategy, calls } = manual();
    const thought = deferred<boolean>();
    const { pool } = await rig.registered({
      isolation: strategy,
      maxSessionsPerTenant: { acme: 2 },
      requestFilter: () => thought.promise,
    });
    const metadata = JSON.stringify({ tenant: 'acme' });
    for (const room of ['1', '2', '3', '4']) rig.livekit.dispatch({ room, metadata });
    await rig.livekit.until(() => pool.runtimeSnapshot().refused.tenant_full === 2);
    expect(pool.runtimeSnapshot().reservedSessions).toBe(2);
    thought.resolve(true);
    await rig.livekit.until(() => calls.length === 2);
    expect(pool.runtimeSnapshot()).toMatchObject({ activeSessions: 2, reservedSessions: 0 });
    for (const { end } of calls) end();
  });
});

test('acceptOnlyRegisteredRooms takes calls whose metadata or room names an agent, and a filter may still refuse them', async () => {
  const { pool } = await rig.registered({
    agents,
    acceptOnlyRegisteredRooms: true,
    requestFilter: ({ room }) => room !== 'support-banned',
  });
  const metadata = JSON.stringify({ agent: 'support' });
  for (const call of [{ room: 'named', metadata }, { room: 'support-1' }]) {
    const taken = await rig.livekit.call(call);
    taken.hangUp();
    await taken.ended;
  }
  await expect(rig.livekit.call({ room: 'any' })).rejects.toThrow('all refused');
  await expect(rig.livekit.call({ room: 'support-banned' })).rejects.toThrow('all refused');
  expect(pool.runtimeSnapshot().refused).toEqual({ unregistered_room: 1, filtered: 1 });
});

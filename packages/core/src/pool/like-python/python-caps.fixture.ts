import { expect } from 'vitest';

import type { RequestFilter } from '../../admit/request-filter.js';
import { deferred } from '../../base/deferred.js';
import { signMetadata } from '../../signing.js';
import { cloning } from '../../testing/cloning-isolation.js';
import { AgentPool } from '../agent-pool.js';
import { manual } from '../manual-isolation.fixture.js';
import { EchoAgent } from '../pool-harness.js';
import { answerTo, type PythonRow, refused, SAME } from './python-row.fixture.js';

const agents = { shop: () => new EchoAgent(), support: () => new EchoAgent() };

/** How many calls an agent or a tenant may have. */
export const capRows: readonly PythonRow[] = [
  {
    what: 'an agent with as many calls as it may have',
    python: 'further ones are rejected, and those of other agents are taken',
    here: SAME,
    proof: async (rig) => {
      const running = await rig.registered({ agents, maxSessionsPerAgent: { shop: 1 } });
      await rig.livekit.call({ metadata: { agent: 'shop' } });
      await refused(rig, running, 'agent_full', { metadata: { agent: 'shop' } });
      await answerTo(rig, { agent: 'support' });
    },
  },
  {
    what: 'a tenant with as many calls as it may have, or calls without a tenant',
    python: 'further ones are rejected, and those of other tenants are taken',
    here: SAME,
    proof: async (rig) => {
      const running = await rig.registered({ maxSessionsPerTenant: { acme: 1, default: 1 } });
      await rig.livekit.call({ metadata: { tenant: 'acme' } });
      await refused(rig, running, 'tenant_full', { metadata: { tenant: 'acme' } });
      await answerTo(rig);
      await refused(rig, running, 'tenant_full');
      await answerTo(rig, { tenant: 'globex' });
    },
  },
  {
    what: 'the limit of the worker, beside a larger one of a tenant',
    python: 'still applies',
    here: SAME,
    proof: async (rig) => {
      const running = await rig.registered({
        maxConcurrentSessions: 1,
        maxSessionsPerTenant: { acme: 5 },
      });
      // LiveKit offers nothing to a worker that is full, so both offers come at once.
      const metadata = { tenant: 'acme' };
      for (const room of ['one', 'two']) rig.livekit.dispatch({ room, metadata });
      await expect.poll(() => running.pool.runtimeSnapshot().refused.full).toBe(1);
    },
  },
  {
    what: 'a burst of calls',
    python: 'may exceed a cap: calls count from the start of their session on',
    here: 'cannot: a call counts from the moment in which it is accepted',
    differs: 'a burst is what a cap is for',
    proof: async (rig) => {
      const { strategy, calls } = manual();
      const { pool } = await rig.registered({ isolation: strategy, maxSessionsPerTenant: 2 });
      const metadata = { tenant: 'acme' };
      for (let room = 0; room < 8; room += 1) rig.livekit.dispatch({ room: `${room}`, metadata });
      await expect.poll(() => pool.runtimeSnapshot().refused.tenant_full).toBe(6);
      await expect.poll(() => calls.length).toBe(2);
    },
  },
  {
    what: 'where calls run in processes of their own',
    python: 'caps apply as well',
    here: SAME,
    proof: async (rig) => {
      const running = await rig.registered({ isolation: cloning(), maxSessionsPerTenant: 1 });
      await rig.livekit.call({ metadata: { tenant: 'acme' } });
      await refused(rig, running, 'tenant_full', { metadata: { tenant: 'acme' } });
    },
  },
  {
    what: 'a cap that is no whole number of at least 1',
    python: 'an error when the pool is made',
    here: SAME,
    proof: () => {
      for (const cap of [0, -1, 1.5, true, '3'])
        for (const option of ['maxSessionsPerAgent', 'maxSessionsPerTenant'])
          expect(
            () => new AgentPool({ [option]: { shop: cap } }),
            `${option} ${String(cap)}`,
          ).toThrow(`${option}.shop must be a whole number from 1`);
    },
  },
  {
    what: 'a cap for an agent that is not registered',
    python: 'ignored',
    here: 'an error at the start, with the name that was meant',
    differs: 'a wrong name would limit nobody',
    proof: async (rig) => {
      const { running } = rig.start({ agents, maxSessionsPerAgent: { shops: 5 } });
      await expect(running).rejects.toThrow('no agent "shops" is registered; did you mean "shop"');
    },
  },
  {
    what: 'one cap for all',
    python: 'caps are by name only',
    here: 'a number is one for each agent or each tenant',
    differs: 'customers come and go',
    proof: async (rig) => {
      const running = await rig.registered({ maxSessionsPerTenant: 1 });
      for (const tenant of ['acme', 'globex']) {
        await answerTo(rig, { tenant });
        await refused(rig, running, 'tenant_full', { metadata: { tenant } });
      }
    },
  },
  {
    what: 'the cap of an agent that a router has chosen',
    python: 'not asked: the cap is that of the agent that metadata or room would have chosen',
    here: 'asked: calls are routed before they are counted',
    differs: 'a cap must hold for the agent that answers',
    proof: async (rig) => {
      const running = await rig.registered({
        agents,
        router: () => 'support',
        maxSessionsPerAgent: { support: 1 },
      });
      await rig.livekit.call({ metadata: { agent: 'shop' } });
      await refused(rig, running, 'agent_full', { metadata: { agent: 'shop' } });
    },
  },
  {
    what: 'a call over a cap',
    python: 'ends for LiveKit: no other worker gets it',
    here: 'is offered to the next worker',
    differs: 'a cap is that of one worker, and the caller waits for any',
    proof: async (rig) => {
      const capped = await rig.registered({ maxSessionsPerTenant: { acme: 1 } });
      await rig.livekit.call({ metadata: { tenant: 'acme' } });
      const other = await rig.registered();
      for (let call = 0; call < 4; call += 1) await answerTo(rig, { tenant: 'acme' });
      expect(capped.pool.runtimeSnapshot().activeSessions).toBe(1);
      expect(other.pool.runtimeSnapshot().activeSessions).toBe(4);
    },
  },
];

/** Which calls a worker takes at all. */
export const filterRows: readonly PythonRow[] = [
  {
    what: 'a filter of your own',
    python: 'an async function that must accept or reject the request itself, once',
    here: 'a function, async or not, that returns true, false or a reason; the worker answers, once',
    differs: 'a filter that forgets to answer, or answers twice, cannot be written',
    proof: async (rig) => {
      const answers = [false, Promise.resolve('banned'), undefined];
      const requestFilter = (() => answers.shift()) as RequestFilter;
      const running = await rig.registered({ requestFilter });
      await refused(rig, running, 'filtered');
      await refused(rig, running, 'filtered');
      await refused(rig, running, 'filter_failed');
    },
  },
  {
    what: 'how long a filter may take',
    python: 'as long as it wants, while LiveKit waits',
    here: '250 ms (`requestFilterTimeoutMs`), then the call is refused and its place is free',
    differs: 'LiveKit waits 3 s for all workers together',
    proof: async (rig) => {
      const running = await rig.registered({
        requestFilter: () => deferred<boolean>().promise,
        requestFilterTimeoutMs: 20,
      });
      await refused(rig, running, 'filter_failed');
      expect(running.pool.runtimeSnapshot().reservedSessions).toBe(0);
    },
  },
  {
    what: 'only rooms of registered agents',
    python: 'a call is taken if its metadata names a registered agent, or its room begins with one',
    here: SAME,
    proof: async (rig) => {
      const running = await rig.registered({ agents, acceptOnlyRegisteredRooms: true });
      await answerTo(rig, { agent: 'support' });
      await rig.livekit.call({ room: 'support-1' });
      await refused(rig, running, 'unregistered_room', { room: 'any' });
    },
  },
  {
    what: 'a room of an agent of another worker',
    python: 'left to that worker, without an error',
    here: SAME,
    proof: async (rig) => {
      const running = await rig.registered({ agents, acceptOnlyRegisteredRooms: true });
      const other = await rig.registered({ agents: { billing: () => new EchoAgent('Billing') } });
      for (let call = 0; call < 3; call += 1)
        expect(await answerTo(rig, { agent: 'billing' })).toBe('Billing said: hi');
      await other.pool.close();
      await refused(rig, running, 'unknown_agent', { metadata: { agent: 'billing' } });
    },
  },
  {
    what: 'an agent that is registered later',
    python: 'its rooms are taken from then on',
    here: SAME,
    proof: async (rig) => {
      const running = await rig.registered({ agents, acceptOnlyRegisteredRooms: true });
      await refused(rig, running, 'unregistered_room', { room: 'late-1' });
      running.pool.add('late', () => new EchoAgent());
      await rig.livekit.call({ room: 'late-2' });
    },
  },
  {
    what: 'a filter and only registered rooms',
    python: 'an error: one or the other',
    here: 'both: the filter is asked about the calls that are left',
    differs: 'they answer different questions',
    proof: async (rig) => {
      const asked: string[] = [];
      const running = await rig.registered({
        agents,
        acceptOnlyRegisteredRooms: true,
        requestFilter: ({ room }) => {
          asked.push(room);
          return false;
        },
      });
      await refused(rig, running, 'unregistered_room', { room: 'any' });
      await refused(rig, running, 'filtered', { room: 'shop-1' });
      expect(asked).toEqual(['shop-1']);
    },
  },
  {
    what: 'metadata that a client carries',
    python: 'believed: whoever writes it chooses agent, tenant, and whose keys pay',
    here: 'with `metadataSecret`, only what your server has signed is believed',
    differs: 'tokens of clients carry metadata',
    proof: async (rig) => {
      const secret = 'a secret that only the app and the worker know';
      const running = await rig.registered({ metadataSecret: secret });
      await refused(rig, running, 'invalid_signature', { metadata: { tenant: 'acme' } });
      await rig.livekit.call({ metadata: signMetadata({ tenant: 'acme' }, { secret }) });
      expect(running.pool.runtimeSnapshot().sessionsByTenant).toEqual({ acme: 1 });
    },
  },
];

import type { voice } from '@livekit/agents';
import { expect } from 'vitest';

import { currentCall } from '../../index.js';
import type { AgentPoolOptions } from '../../options/pool-options.js';
import { EchoLLM } from '../../testing/providers/echo-llm.js';
import { AgentPool } from '../agent-pool.js';
import { EchoAgent } from '../pool-harness.js';
import {
  answering,
  answerTo,
  BareAgent,
  type PythonRow,
  refused,
  SAME,
} from './python-row.fixture.js';

const shop = { shop: BareAgent };
const house = { agents: shop, defaults: { llm: answering('house') } };

/** Which tenant a call belongs to. */
const names: readonly PythonRow[] = [
  {
    what: 'the tenant of a call',
    python: '`tenant` of the metadata of the job, before that of the room',
    here: SAME,
    proof: async (rig) => {
      const { pool } = await rig.registered();
      await rig.livekit.call({ metadata: { tenant: 'globex' }, jobMetadata: { tenant: 'acme' } });
      expect(pool.runtimeSnapshot().sessionsByTenant).toEqual({ acme: 1 });
    },
  },
  {
    what: 'a call that names no tenant',
    python: 'belongs to the tenant `default`',
    here: SAME,
    proof: async (rig) => {
      await rig.registered();
      await rig.livekit.call();
      await expect.poll(() => rig.ends.started[0]?.tenant).toBe('default');
    },
  },
  {
    what: 'the calls of each tenant',
    python: 'counted in the snapshot as long as there are any',
    here: SAME,
    proof: async (rig) => {
      const { pool } = await rig.registered();
      const call = await rig.livekit.call({ metadata: { tenant: 'acme' } });
      expect(pool.runtimeSnapshot().sessionsByTenant).toEqual({ acme: 1 });
      call.hangUp();
      await rig.ends.of(call.jobId);
      expect(pool.runtimeSnapshot().sessionsByTenant).toEqual({});
    },
  },
  {
    what: 'an empty tenant in the job, beside one in the room',
    python: 'the call is one of `default`',
    here: 'the call is one of the tenant in the room',
    differs: 'an empty text names nobody, and the tenant of the room would talk on the wrong bill',
    proof: async (rig) => {
      const { pool } = await rig.registered();
      await rig.livekit.call({ metadata: { tenant: 'acme' }, jobMetadata: { tenant: '' } });
      expect(pool.runtimeSnapshot().sessionsByTenant).toEqual({ acme: 1 });
    },
  },
  {
    what: 'a tenant that cannot be a name',
    python:
      'the call is accepted and then lost: no worker gets it again, and it counts as a failure',
    here: 'refused before it is accepted, with its reason (`invalid_tenant`)',
    differs: 'another worker may know it, and nobody waits in a room without an agent',
    proof: async (rig) => {
      const running = await rig.registered();
      await refused(rig, running, 'invalid_tenant', { metadata: { tenant: 'a b' } });
      expect(running.pool.runtimeSnapshot().totalSessionsStarted).toBe(0);
    },
  },
  {
    what: 'the characters of a name',
    python: 'ASCII letters, digits, dashes and underscores, at most 128',
    here: 'dots as well',
    differs: 'many customers are known by their domain',
    proof: async (rig) => {
      const running = await rig.registered();
      await answerTo(rig, { tenant: 'shop.acme_eu-1' });
      await refused(rig, running, 'invalid_tenant', { metadata: { tenant: 'x'.repeat(129) } });
    },
  },
  {
    what: 'blanks around a tenant',
    fault: 'B10',
    python: 'another tenant to the caps, so `" acme"` has no limit',
    here: 'no part of the name: it is one tenant everywhere',
    differs: 'whoever writes the metadata could leave every cap behind',
    proof: async (rig) => {
      const running = await rig.registered({ maxSessionsPerTenant: { acme: 1 } });
      await rig.livekit.call({ metadata: { tenant: ' acme\n' } });
      await refused(rig, running, 'tenant_full', { metadata: { tenant: ' acme' } });
      await refused(rig, running, 'tenant_full', { metadata: { tenant: 'acme' } });
    },
  },
  {
    what: 'a tenant that is null',
    fault: 'B10',
    python: 'the tenant `None`',
    here: 'no tenant: the call is one of `default`',
    differs: 'nobody is called None',
    proof: async (rig) => {
      const { pool } = await rig.registered();
      await rig.livekit.call({ metadata: { tenant: null } });
      expect(pool.runtimeSnapshot().sessionsByTenant).toEqual({ default: 1 });
    },
  },
  {
    what: 'a tenant that is a number',
    python: 'its text: 5 is the tenant `5`',
    here: 'refused (`invalid_tenant`)',
    differs: '5, 5.0 and true are mistakes of a program, and somebody else may be called that',
    proof: async (rig) => {
      const running = await rig.registered();
      await refused(rig, running, 'invalid_tenant', { metadata: { tenant: 5 } });
    },
  },
  {
    what: 'metadata as code sees it',
    python: 'every value is a text, as Python prints it: `None`, `True`',
    here: 'the values of the JSON',
    differs: 'code should not parse what was parsed already',
    proof: async (rig) => {
      await rig.registered();
      const metadata = { tenant: 'acme', nothing: null, gold: true, seats: { a: 1 } };
      await rig.livekit.call({ metadata });
      await expect.poll(() => rig.ends.started[0]?.metadata).toEqual(metadata);
    },
  },
  {
    what: '`tenant` in the metadata that observers get',
    python: 'always there',
    here: 'there if it was sent; `tenant` beside the metadata is always there',
    differs: 'one truth about the tenant, and metadata as they were sent',
    proof: async (rig) => {
      await rig.registered();
      await rig.livekit.call({ metadata: { plan: 'gold' } });
      await expect.poll(() => rig.ends.started[0]).toMatchObject({ tenant: 'default' });
      expect(rig.ends.started[0]?.metadata).toEqual({ plan: 'gold' });
    },
  },
  {
    what: 'the tenant, from any code of a call',
    python: 'by functions that know the call, and that return None outside of calls',
    here: '`currentCall()`, undefined outside of calls',
    differs: 'one function has all of it',
    proof: async (rig) => {
      const seen: unknown[] = [];
      const shopAgent = () => {
        seen.push(currentCall()?.tenant);
        return new EchoAgent();
      };
      await rig.registered({ agents: { shop: shopAgent } });
      await answerTo(rig, { tenant: 'acme' });
      await answerTo(rig);
      expect([...seen, currentCall()]).toEqual(['acme', 'default', undefined]);
    },
  },
];

/** What a tenant has of its own. */
const configurations: readonly PythonRow[] = [
  {
    what: 'providers of a tenant',
    python: 'an object by name, before the providers of the agent',
    here: SAME,
    proof: async (rig) => {
      await rig.registered({
        agents: shop,
        tenants: { acme: { llm: answering('acme') }, globex: { llm: answering('globex') } },
      });
      expect(await answerTo(rig, { tenant: 'acme' })).toBe('acme said: hi');
      expect(await answerTo(rig, { tenant: 'globex' })).toBe('globex said: hi');
    },
  },
  {
    what: 'a function that finds them',
    python: 'synchronous: a slow one blocks every call',
    here: 'synchronous or not, in a time box; a late one refuses only its own call',
    differs: 'customers are in a database',
    proof: async (rig) => {
      const running = await rig.registered({
        agents: shop,
        tenants: {
          resolve: (tenant) =>
            tenant === 'late'
              ? new Promise<never>(() => {})
              : Promise.resolve({ llm: answering(tenant) }),
          timeoutMs: 50,
        },
      });
      await refused(rig, running, 'tenant_failed', { metadata: { tenant: 'late' } });
      expect(await answerTo(rig, { tenant: 'acme' })).toBe('acme said: hi');
    },
  },
  {
    what: 'how long a configuration is remembered',
    python: 'until the worker ends',
    here: 'for a time, and `invalidateTenant()` forgets it at once',
    differs: 'keys are changed while workers run',
    proof: async (rig) => {
      let key = 'old';
      const tenants = () => ({ llm: answering(key) });
      const { pool } = await rig.registered({ agents: shop, tenants });
      expect(await answerTo(rig, { tenant: 'acme' })).toBe('old said: hi');
      key = 'new';
      pool.invalidateTenant('acme');
      expect(await answerTo(rig, { tenant: 'acme' })).toBe('new said: hi');
    },
  },
  {
    what: 'a tenant without a configuration',
    python: 'has the providers of the pool, with one warning',
    here: "refused (`unknown_tenant`), unless `unknownTenant` is 'defaults'",
    differs: 'nobody talks with the keys of the house by accident',
    proof: async (rig) => {
      const running = await rig.registered({ ...house, tenants: {} });
      await refused(rig, running, 'unknown_tenant', { metadata: { tenant: 'acme' } });
      await running.pool.close();
      await rig.registered({ ...house, tenants: {}, unknownTenant: 'defaults' });
      expect(await answerTo(rig, { tenant: 'acme' })).toBe('house said: hi');
    },
  },
  {
    what: 'a tenant that lacks a provider',
    python: 'has that of the agent or of the pool',
    here: 'refused (`tenant_incomplete`), unless it has `inherit`',
    differs: 'nobody talks with the keys of the house by accident',
    proof: async (rig) => {
      const tenants = { acme: {}, own: { inherit: true } };
      const running = await rig.registered({ ...house, tenants });
      await refused(rig, running, 'tenant_incomplete', { metadata: { tenant: 'acme' } });
      expect(await answerTo(rig, { tenant: 'own' })).toBe('house said: hi');
    },
  },
  {
    what: 'a provider that is None',
    python: 'the tenant has none, whatever the pool has',
    here: SAME,
    proof: async (rig) => {
      const seen: unknown[] = [];
      await rig.registered({
        ...house,
        tenants: { acme: { llm: null, inherit: true } },
        setup: (_ctx, session: voice.AgentSession) => void seen.push(session.llm),
      });
      rig.livekit.dispatch({ room: 'lobby', metadata: { tenant: 'acme' } });
      await expect.poll(() => seen).toEqual([undefined]);
    },
  },
  {
    what: 'a configuration with a mistake',
    python: 'not checked: a key that does not exist is ignored',
    here: 'an error before anything starts, which names it',
    differs: 'a wrong key is a call with the wrong provider',
    proof: (rig) => {
      const made = (tenants: unknown) => () =>
        new AgentPool(rig.options({ agents: shop, tenants } as AgentPoolOptions));
      expect(made({ acme: { lmm: 'openai/gpt-5' } })).toThrow('did you mean "llm"');
      expect(made(5)).toThrow('tenants must be an object of configurations by name');
    },
  },
  {
    what: 'a function that raises',
    python: 'the call is accepted and then lost',
    here: 'refused (`tenant_failed`), and the error is in the log',
    differs: 'another worker may reach the database',
    proof: async (rig) => {
      const tenants = () => {
        throw new Error('no database');
      };
      const running = await rig.registered({ agents: shop, tenants });
      await refused(rig, running, 'tenant_failed', { metadata: { tenant: 'acme' } });
      expect(JSON.stringify(rig.log.matching('error', /tenant "acme"/))).toContain('no database');
    },
  },
  {
    what: 'one provider object for two tenants',
    python: 'used by both, with the key of the first',
    here: 'the call of the second fails (`SESSION_TENANT_FAILED`)',
    differs: 'a key of one customer must not pay for another',
    proof: async (rig) => {
      const shared = new EchoLLM();
      await rig.registered({ agents: shop, tenants: () => ({ llm: shared }) });
      await answerTo(rig, { tenant: 'acme' });
      const jobId = rig.livekit.dispatch({ room: 'second', metadata: { tenant: 'globex' } });
      const { error } = await rig.ends.of(jobId);
      expect(error?.code).toBe('SESSION_TENANT_FAILED');
    },
  },
];

export const tenantRows: readonly PythonRow[] = [...names, ...configurations];

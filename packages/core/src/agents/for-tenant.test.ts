import { expect, test } from 'vitest';

import type { AgentConfig, AgentDefaults } from './agent-options.js';
import { forTenant, missingProviders } from './for-tenant.js';
import type { TenantConfig } from './tenant-config.js';

const agent = (options: Partial<AgentConfig> = {}): AgentConfig =>
  ({ name: 'shop', revision: 0, agent: class {}, ...options }) as AgentConfig;
const house: AgentDefaults = {
  llm: 'house/llm',
  session: { tts: 'house/tts', maxToolSteps: 3 },
};

test.each<[string, TenantConfig, AgentDefaults, readonly string[]]>([
  ['nothing, and the owner has all', {}, house, ['llm', 'tts']],
  ['one of them', { llm: 'own/llm' }, house, ['tts']],
  ['all of them', { llm: 'own/llm', tts: 'own/tts' }, house, []],
  ['one that the owner has not', { stt: 'own/stt' }, {}, []],
  ['null, on purpose', { llm: null, tts: null }, house, []],
  ['the right to use those of the owner', { inherit: true }, house, []],
  ['nothing, and the owner has none', {}, { llm: null }, []],
])('a tenant that has %s', (_what, tenant, defaults, missing) => {
  expect(missingProviders({ config: agent(), defaults }, tenant)).toEqual(missing);
});

test('the options of the agent count as those of the owner', () => {
  const config = agent({ session: { stt: 'agent/stt' }, tts: 'agent/tts' });
  expect(missingProviders({ config, defaults: {} }, {})).toEqual(['stt', 'tts']);
});

test('no provider of the owner is left, everything else is merged', () => {
  const config = agent({
    tts: 'agent/tts',
    greeting: 'Hello.',
    session: { stt: 'agent/stt', userAwayTimeout: 5, maxToolSteps: 4 },
  });
  const tenant: TenantConfig = { llm: 'own/llm', session: { maxToolSteps: 9 } };
  expect(forTenant({ config, defaults: house }, tenant)).toEqual({
    config: agent({
      agent: config.agent,
      llm: 'own/llm',
      greeting: 'Hello.',
      session: { userAwayTimeout: 5, maxToolSteps: 9 },
    }),
    defaults: { session: { maxToolSteps: 3 } },
  });
});

test('a tenant that may use those of the owner has its own over them', () => {
  const config = agent({ tts: 'agent/tts', greeting: 'Hello.' });
  const tenant: TenantConfig = { inherit: true, llm: 'own/llm', greeting: null };
  expect(forTenant({ config, defaults: house }, tenant)).toEqual({
    config: agent({ agent: config.agent, tts: 'agent/tts', llm: 'own/llm', greeting: null }),
    defaults: house,
  });
});

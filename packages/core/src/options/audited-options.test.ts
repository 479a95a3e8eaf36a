import { expect, test } from 'vitest';

import { AgentPool } from '../pool/agent-pool.js';
import { auditedOptions } from './audited-options.js';
import { optionTable } from './option-table.js';
import type { AgentPoolOptions } from './pool-options.js';
import { resolveOptions } from './resolve-options.js';

const MARKER = 'marker-of-a-secret-0123456789-0123456789';

const shown = (options: AgentPoolOptions) => auditedOptions(options, resolveOptions(options));

test('every option is shown, with its default', () => {
  expect(Object.keys(shown({})).sort()).toEqual(Object.keys(optionTable).sort());
  expect(shown({})).toMatchObject({
    isolation: 'coroutine',
    maxConcurrentSessions: 50,
    maxMemoryMb: null,
    breaker: { minCalls: 5 },
    unknownTenant: 'refuse',
    dispatch: 'per_pool',
    tenants: false,
    metadataSecret: { secrets: 0 },
  });
});

test('secrets, providers, functions, and what tenants have, are not shown', () => {
  const marked = () => MARKER;
  const options: AgentPoolOptions = {
    livekit: {
      url: `wss://me:${MARKER}@host.example.com/path?token=${MARKER}`,
      apiKey: MARKER,
      apiSecret: MARKER,
      workerToken: MARKER,
    },
    metadataSecret: [MARKER, `${MARKER}-old`],
    tenants: {
      acme: { llm: 'openai/gpt-4.1', greeting: MARKER },
      [`${MARKER}x`]: { inherit: true },
    },
    maxSessionsPerTenant: { [MARKER]: 5 },
    defaults: {
      llm: 'openai/gpt-4.1-mini',
      tts: Object.assign(() => null as never, { apiKey: MARKER }),
      greeting: MARKER,
    },
    prewarm: { menu: marked },
    router: Object.assign(marked, { MARKER }),
    health: { port: 8081, token: MARKER },
    audit: {
      sink: [
        {
          url: `https://me:${MARKER}@logs.example.com/a?key=${MARKER}`,
          headers: { 'x-key': MARKER },
        },
        { file: 'audit.jsonl', fsync: true },
        () => {},
      ],
    },
  };
  const all = shown(options);
  expect(JSON.stringify(all)).not.toContain(MARKER);
  expect(all).toMatchObject({
    livekit: { url: 'wss://host.example.com/path', allowedHosts: [] },
    metadataSecret: { secrets: 2 },
    tenants: { tenants: 2 },
    maxSessionsPerTenant: { tenants: 1 },
    defaults: { llm: 'openai/gpt-4.1-mini', tts: 'a function', greeting: 'a string' },
    prewarm: ['menu'],
    router: true,
    health: { port: 8081, token: true },
    audit: [
      { url: 'https://logs.example.com/a', headers: ['x-key'] },
      { file: 'audit.jsonl', fsync: true },
      'function',
    ],
  });
  // They are options of a pool indeed.
  expect(() => new AgentPool(options)).not.toThrow();
});

import { initializeLogger } from '@livekit/agents';
import { beforeAll, expect, test } from 'vitest';

import type { AgentConfig, AgentOptions } from '../agents/agent-options.js';
import type { SessionInfo } from '../call/call.js';
import { callOf } from '../call/ticket.fixture.js';
import { EchoAgent } from '../pool/pool-harness.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { ToneTTS } from '../testing/providers/tone-tts.js';
import { checkOwnProviders, isRealtime, resolveProviders } from './resolve-providers.js';

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));

const call = callOf({
  agent: 'sales',
  tenant: 'acme',
  room: 'r',
  metadata: { voice: 'x' },
});
const agent = (options: AgentOptions = {}): AgentConfig => ({
  name: 'sales',
  revision: 0,
  agent: EchoAgent,
  ...options,
});

test('the order is: option of the agent, its session, default of the pool, default session', async () => {
  const layers = [
    { llm: 'a/own' },
    { session: { llm: 'b/session' } },
    { llm: 'c/default' },
    { session: { llm: 'd/default-session' } },
  ];
  const [own, session, fallback, fallbackSession] = layers;
  const resolved = [
    resolveProviders(agent({ ...own, ...session }), { ...fallback, ...fallbackSession }, call),
    resolveProviders(agent(session), { ...fallback, ...fallbackSession }, call),
    resolveProviders(agent(), { ...fallback, ...fallbackSession }, call),
    resolveProviders(agent(), { ...fallbackSession }, call),
    resolveProviders(agent(), {}, call),
  ];
  expect((await Promise.all(resolved)).map(({ llm }) => llm)).toEqual([
    'a/own',
    'b/session',
    'c/default',
    'd/default-session',
    undefined,
  ]);
});

test('null at any place means no provider', async () => {
  const defaults = { llm: 'c/default', session: { llm: 'd/default-session' } };
  for (const options of [{ llm: null }, { session: { llm: null } }]) {
    expect(await resolveProviders(agent(options), defaults, call)).not.toHaveProperty('llm');
  }
  expect(await resolveProviders(agent(), { llm: null, session: { llm: 'd/x' } }, call)).toEqual({});
});

test('a kind that is not set is absent, so that the SDK decides', async () => {
  expect(await resolveProviders(agent(), {}, call)).toEqual({});
});

test('model strings are passed on unchanged', async () => {
  const strings = {
    stt: 'deepgram/nova-3:multi',
    llm: 'openai/gpt-4.1-mini',
    tts: 'cartesia/sonic-3:voice-id',
  };
  expect(await resolveProviders(agent(strings), {}, call)).toEqual(strings);
});

test('every call gets the same object', async () => {
  const tts = new ToneTTS();
  const [first, second] = await Promise.all(
    [1, 2].map(() => resolveProviders(agent({ tts }), {}, call)),
  );
  expect(first?.tts).toBe(tts);
  expect(second?.tts).toBe(tts);
});

test('a factory is called once for each call, with the facts about it', async () => {
  const calls: SessionInfo[] = [];
  const llm = async (info: SessionInfo) => {
    calls.push(info);
    return new EchoLLM();
  };
  const first = await resolveProviders(agent(), { llm }, call);
  const second = await resolveProviders(agent(), { llm }, { ...call, jobId: 'AJ_2' });
  expect(calls.map(({ jobId, metadata }) => [jobId, metadata])).toEqual([
    ['AJ_1', { voice: 'x' }],
    ['AJ_2', { voice: 'x' }],
  ]);
  expect(first.llm).toBeInstanceOf(EchoLLM);
  expect(first.llm).not.toBe(second.llm);
});

test.each([
  [
    'throws',
    (): never => {
      throw new Error('no key');
    },
  ],
  ['rejects', () => Promise.reject(new Error('no key'))],
])('a factory that %s fails the call, naming kind and agent', async (_how, tts) => {
  await expect(resolveProviders(agent(), { tts }, call)).rejects.toMatchObject({
    code: 'SESSION_PROVIDER_FAILED',
    message: expect.stringMatching(/tts factory of agent 'sales'.*no key/),
    cause: expect.objectContaining({ message: 'no key' }),
  });
});

test('two factories that fail reject once, and no rejection is left unhandled', async () => {
  const fail = () => Promise.reject(new Error('no key'));
  await expect(
    resolveProviders(agent({ stt: fail, llm: fail, tts: fail }), {}, call),
  ).rejects.toMatchObject({
    code: 'SESSION_PROVIDER_FAILED',
  });
});

test('a model that is not a realtime model is not treated as one', () => {
  expect([new EchoLLM(), 'openai/gpt-4.1-mini', undefined, null].map(isRealtime)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

test.each<[string, unknown, string]>([
  ['a number', () => 5, 'returned a number'],
  ['nothing', () => undefined, 'returned undefined'],
  ['an empty object', () => ({}), 'returned an object of no class'],
  ['a promise of an empty object', async () => ({}), 'returned an object of no class'],
  ['a TTS', () => new ToneTTS(), 'returned ToneTTS (class TTS)'],
])(
  'an llm factory that returns %s fails the call and says what is expected',
  async (_what, llm, got) => {
    await expect(
      resolveProviders(agent({ llm: llm as () => EchoLLM }), {}, call),
    ).rejects.toMatchObject({
      code: 'SESSION_PROVIDER_FAILED',
      message: expect.stringMatching(
        new RegExp(
          `^The llm factory of agent 'sales' must return an llm\\.LLM.*, but ${got.replace(/[()]/g, '\\$&')}$`,
        ),
      ),
    });
  },
);

test('a factory may return null: no such provider', async () => {
  const none = (() => null) as unknown as () => EchoLLM;
  expect(await resolveProviders(agent({ llm: none }), { llm: 'c/default' }, call)).toEqual({});
});

test.each(['stt', 'llm', 'tts', 'vad'] as const)(
  'an agent whose own %s is of a wrong class fails',
  (slot) => {
    const own = new EchoAgent();
    expect(() => checkOwnProviders(own, 'sales')).not.toThrow();
    Object.defineProperty(own, slot, { value: {} });
    expect(() => checkOwnProviders(own, 'sales')).toThrow(
      expect.objectContaining({
        code: 'SESSION_PROVIDER_FAILED',
        message: expect.stringContaining(`The ${slot} of agent 'sales' must be`),
      }),
    );
  },
);

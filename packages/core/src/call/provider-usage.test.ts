import { expect, test } from 'vitest';

import { MAX_PROVIDERS, isProviderUsage, toProviderUsage } from './provider-usage.js';
import { used } from './used.fixture.js';

test('it converts the usage the SDK reports, and leaves out kinds that cost nothing', () => {
  expect(
    toProviderUsage([
      { type: 'llm_usage', provider: 'openai', model: 'small', inputTokens: 10, outputTokens: 2 },
      { type: 'tts_usage', provider: 'tone', charactersCount: 40, audioDurationMs: 2_500 },
      { type: 'stt_usage', audioDurationMs: 1_000 },
      { type: 'eot_usage', totalRequests: 4 },
    ]),
  ).toMatchObject([
    { kind: 'llm', provider: 'openai', model: 'small', inputTokens: 10, outputTokens: 2 },
    { kind: 'tts', provider: 'tone', model: '', characters: 40, audioDurationMs: 2_500 },
    { kind: 'stt', provider: '', audioDurationMs: 1_000, inputTokens: 0 },
  ]);
});

test('invalid numbers of a plugin count as 0, and its names are made printable', () => {
  const [usage] = toProviderUsage([
    { type: 'llm_usage', provider: 'a\u001b[31mb', inputTokens: Number.NaN, outputTokens: -5 },
  ]);
  expect(usage).toMatchObject({ provider: 'a[31mb', inputTokens: 0, outputTokens: 0 });
  expect(isProviderUsage(usage)).toBe(true);
});

test.each<[unknown]>([
  [null],
  [{}],
  [{ ...toProviderUsage([{ type: 'llm_usage' }])[0], kind: 'eot' }],
  [{ ...toProviderUsage([{ type: 'llm_usage' }])[0], inputTokens: Number.POSITIVE_INFINITY }],
  [{ ...toProviderUsage([{ type: 'llm_usage' }])[0], outputTokens: '5' }],
  [{ ...toProviderUsage([{ type: 'llm_usage' }])[0], model: 'x'.repeat(200) }],
])('%j is not a usage', (value) => {
  expect(isProviderUsage(value)).toBe(false);
});

test('tokens of each kind are told apart, and fractions are rounded', () => {
  expect(
    toProviderUsage([
      {
        type: 'llm_usage',
        provider: 'openai',
        model: 'realtime',
        inputTokens: 100,
        inputCachedTokens: 40,
        inputCacheCreationTokens: 5,
        inputAudioTokens: 60,
        inputCachedAudioTokens: 30,
        inputImageTokens: 8,
        inputCachedImageTokens: 2,
        outputTokens: 50,
        outputAudioTokens: 45,
        sessionDurationMs: 1_234.5,
      },
    ]),
  ).toEqual([
    used({
      model: 'realtime',
      inputTokens: 100,
      cachedInputTokens: 40,
      cacheWriteTokens: 5,
      inputAudioTokens: 60,
      cachedInputAudioTokens: 30,
      inputImageTokens: 8,
      cachedInputImageTokens: 2,
      outputTokens: 50,
      outputAudioTokens: 45,
      connectedMs: 1_235,
    }),
  ]);
});

test('models whose names are the same when printed are counted together', () => {
  const [one, ...more] = toProviderUsage([
    { type: 'llm_usage', provider: 'x', model: 'm', inputTokens: 1 },
    { type: 'llm_usage', provider: 'x', model: 'm\u0007', inputTokens: 2 },
  ]);
  expect([one?.inputTokens, more]).toEqual([3, []]);
});

test('of too many models the further ones are counted together: no token is lost', () => {
  const models = Array.from({ length: 100 }, (_, at) => ({
    type: 'llm_usage' as const,
    provider: 'x',
    model: `m${at}`,
    inputTokens: 1,
  }));
  const all = toProviderUsage([...models, { type: 'tts_usage', charactersCount: 9 }]);
  expect(all.length).toBeLessThanOrEqual(MAX_PROVIDERS);
  expect(all.every(isProviderUsage)).toBe(true);
  expect(all.reduce((sum, { inputTokens }) => sum + inputTokens, 0)).toBe(100);
  expect(all.filter(({ model }) => model === 'other')).toMatchObject([
    { kind: 'llm', provider: 'other' },
    { kind: 'tts', provider: 'other', characters: 9 },
  ]);
});

import { expect, test } from 'vitest';

import { isProviderUsage, toProviderUsage } from './provider-usage.js';

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

import { afterEach, beforeEach, expect, test } from 'vitest';

import { usageFigures } from '@openrtc/core/operate';

import { TestFolder } from '../../test-folder.fixture.js';
import type { SeenUsage } from './call-log.js';
import { PriceTable } from './price-table.js';

let folder: TestFolder;

beforeEach(async () => {
  folder = await TestFolder.create();
});

afterEach(async () => {
  await folder[Symbol.asyncDispose]();
});

const table = async (value: unknown) =>
  PriceTable.read(await folder.write('prices.json', JSON.stringify(value)));

const used = (given: Partial<SeenUsage>): SeenUsage => {
  const none = Object.fromEntries(usageFigures.map((figure) => [figure, 0]));
  return { kind: 'llm', provider: 'openai', model: 'small', ...none, ...given } as SeenUsage;
};

const llm = { kind: 'llm', inputPerMillion: 2, cachedInputPerMillion: 1, outputPerMillion: 8 };
const realtime = {
  kind: 'llm',
  model: 'realtime',
  inputPerMillion: 4,
  cachedInputPerMillion: 2,
  inputAudioPerMillion: 32,
  cachedInputAudioPerMillion: 1,
  outputPerMillion: 16,
  outputAudioPerMillion: 64,
};
const M = 1_000_000;

test.each<[string, object[], Partial<SeenUsage>, number | undefined]>([
  [
    'tokens, cached ones by their own price',
    [llm],
    { inputTokens: 3 * M, cachedInputTokens: M, outputTokens: M },
    13,
  ],
  [
    'cached tokens without a price',
    [{ kind: 'llm', inputPerMillion: 2 }],
    { inputTokens: M, cachedInputTokens: 1 },
    undefined,
  ],
  ['audio tokens without a price', [llm], { inputTokens: M, inputAudioTokens: 1 }, undefined],
  [
    'each kind of token once',
    [realtime],
    {
      model: 'realtime',
      inputTokens: 10 * M,
      cachedInputTokens: 4 * M,
      inputAudioTokens: 6 * M,
      cachedInputAudioTokens: 3 * M,
      outputTokens: 5 * M,
      outputAudioTokens: 2 * M,
    },
    // 3 of text, 1 of text from the cache, 3 of audio, 3 of audio from the cache; 3 of text, 2 of audio.
    3 * 4 + 2 + 3 * 32 + 3 * 1 + 3 * 16 + 2 * 64,
  ],
  ['a price of 0', [{ kind: 'llm', inputPerMillion: 0 }], { inputTokens: M }, 0],
  ['a model without a price', [{ ...llm, model: 'large' }], { inputTokens: 1 }, undefined],
  ['a provider without a price', [{ ...llm, provider: 'x' }], { inputTokens: 1 }, undefined],
  ['nothing used', [], {}, 0],
  [
    'connected time in place of tokens',
    [{ kind: 'llm', connectedPerMinute: 3 }],
    { inputTokens: 5, connectedMs: 120_000 },
    6,
  ],
  [
    'tokens of a model that costs by time, which is not known',
    [{ kind: 'llm', connectedPerMinute: 3 }],
    { inputTokens: 5 },
    undefined,
  ],
  [
    'characters',
    [{ kind: 'tts', charactersPerMillion: 30 }],
    { kind: 'tts', characters: M / 2, audioDurationMs: 9 },
    15,
  ],
  [
    'audio in place of characters',
    [{ kind: 'tts', audioPerMinute: 2 }],
    { kind: 'tts', characters: 4, audioDurationMs: 30_000 },
    1,
  ],
  [
    'characters that are not known',
    [{ kind: 'tts', charactersPerMillion: 30 }],
    { kind: 'tts', audioDurationMs: 9 },
    undefined,
  ],
  [
    'heard audio',
    [{ kind: 'stt', audioPerMinute: 0.5 }],
    { kind: 'stt', audioDurationMs: 60_000 },
    0.5,
  ],
  ['a kind nobody knows', [llm], { kind: 'toString', inputTokens: 1 }, undefined],
])('the cost of %s', async (_what, prices, usage, cost) => {
  const read = await table({ prices });
  expect(read.of(used(usage))).toBe(cost);
  expect(read.missing).toHaveLength(cost === undefined ? 1 : 0);
});

test('the price that names most of the model counts', async () => {
  const prices = [
    { kind: 'llm', inputPerMillion: 1 },
    { kind: 'llm', provider: 'openai', inputPerMillion: 2 },
    { kind: 'llm', model: 'small', inputPerMillion: 3 },
    { kind: 'llm', provider: 'openai', model: 'small', inputPerMillion: 4 },
  ];
  const cost = async (rows: object[]) =>
    (await table({ prices: rows })).of(used({ inputTokens: M }));
  expect(await cost(prices)).toBe(4);
  expect(await cost(prices.slice(0, 3))).toBe(3);
  expect(await cost(prices.slice(0, 2))).toBe(2);
  expect(await cost(prices.slice(0, 1))).toBe(1);
});

test('the time of calls has a price only if it is given', async () => {
  expect((await table({})).ofSession(60_000)).toBeUndefined();
  expect((await table({ sessionPerMinute: 0.5 })).ofSession(120_000)).toBe(1);
});

test.each<[unknown, string]>([
  [[], 'it must be an object with prices'],
  [{ price: [] }, 'price is not known; use currency, sessionPerMinute, prices'],
  [{ currency: 'US dollars' }, 'currency must be a short word'],
  [{ sessionPerMinute: '1' }, 'sessionPerMinute must be a number'],
  [{ prices: {} }, 'prices must be a list'],
  [{ prices: [4] }, 'prices[0] must be an object'],
  [{ prices: [{}] }, 'prices[0].kind must be one of llm, tts, stt'],
  [{ prices: [{ kind: 'toString' }] }, 'prices[0].kind must be one of'],
  [{ prices: [{ kind: 'tts' }] }, 'prices[0] needs a price: charactersPerMillion'],
  [
    { prices: [{ kind: 'stt', charactersPerMillion: 1 }] },
    'prices[0].charactersPerMillion is not known; use audioPerMinute',
  ],
  [
    { prices: [{ kind: 'stt', audioPerMinute: -1 }] },
    'prices[0].audioPerMinute must be a number that is not negative',
  ],
  [{ prices: [{ kind: 'stt', audioPerMinute: '1' }] }, 'prices[0].audioPerMinute must be a number'],
  [{ prices: [{ ...llm, model: 5 }] }, 'prices[0].model must be a text'],
  [{ prices: [llm, llm] }, 'prices[1] is for the same as prices[0]'],
])('%j is wrong: %s', async (value, message) => {
  await expect(table(value)).rejects.toMatchObject({
    name: 'UsageError',
    message: expect.stringMatching(/prices\.json: /),
  });
  await expect(table(value)).rejects.toThrow(message);
});

test('a file that is not there, or not JSON, is named', async () => {
  await expect(PriceTable.read('/nowhere/prices.json')).rejects.toThrow(
    '/nowhere/prices.json cannot be read (ENOENT)',
  );
  const path = await folder.write('prices.json', '{');
  await expect(PriceTable.read(path)).rejects.toThrow(`${path} is not JSON: `);
});

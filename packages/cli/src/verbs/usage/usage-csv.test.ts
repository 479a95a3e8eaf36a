import { expect, test } from 'vitest';

import { csvCell, csvLines, moneyText } from './usage-csv.js';

test.each<[string | number | null, string]>([
  ['acme', 'acme'],
  ['a,b', '"a,b"'],
  ['a "b"', '"a ""b"""'],
  [' a', '" a"'],
  [12.5, '12.5'],
  [-1, '-1'],
  [null, ''],
  ['=1+1', '"\'=1+1"'],
  ['+1', '"\'+1"'],
  ['-acme', '"\'-acme"'],
  ['@SUM(A1)', '"\'@SUM(A1)"'],
  ['  =1', '"\'  =1"'],
  ['\uFF1D1', '"\'\uFF1D1"'],
  ['=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'],
  ['\t=1', '"\'=1"'],
  ['\u001b[2Ja\r\nb', '[2Jab'],
])('%j is %s in CSV', (value, cell) => {
  expect(csvCell(value)).toBe(cell);
});

test.each([
  [0, '0'],
  [100, '100'],
  [10.5, '10.5'],
  [0.000_000_1, '0.0000001'],
  [1e-12, '0'],
])('%d is %s', (amount, text) => {
  expect(moneyText(amount)).toBe(text);
});

test('every line has as many cells as the first, whatever it is told apart by', () => {
  const figures = {
    inputTokens: 1,
    cachedInputTokens: 0,
    cacheWriteTokens: 0,
    inputAudioTokens: 0,
    cachedInputAudioTokens: 0,
    inputImageTokens: 0,
    cachedInputImageTokens: 0,
    outputTokens: 2,
    outputAudioTokens: 0,
    characters: 3,
    audioDurationMs: 1_500,
    connectedMs: 0,
  };
  const providers = ['llm', 'tts', 'stt', 'new'].map((kind) => {
    return { kind, provider: 'p', model: 'm', ...figures, cost: kind === 'new' ? null : 1 };
  });
  const group = {
    of: { tenant: 'acme', day: '2026-11-01' },
    calls: 2,
    unfinishedCalls: 0,
    callsWithoutUsage: 0,
    durationMs: 1_234,
    sessionCost: 1,
    cost: 4,
    providers,
  };
  for (const by of [['tenant', 'model', 'day'], ['tenant', 'day'], ['model'], ['agent']] as const) {
    const lines = [...csvLines([group], by, 'USD')].map((line) => line.split(','));
    expect(new Set(lines.map((cells) => cells.length)).size).toBe(1);
    expect(lines).toHaveLength(by.some((each) => each === 'model') ? 6 : 2);
  }
  const [head = [], session = [], llm = []] = [
    ...csvLines([group], ['tenant', 'model'], 'USD'),
  ].map((line) => line.split(','));
  const named = (cells: readonly string[]) =>
    Object.fromEntries(head.map((name, at) => [name, cells[at]]).filter(([, cell]) => cell !== ''));
  expect(named(session)).toEqual({
    tenant: 'acme',
    kind: 'session',
    calls: '2',
    unfinished_calls: '0',
    session_seconds: '1.234',
    cost: '1',
    currency: 'USD',
  });
  expect(named(llm)).toMatchObject({
    kind: 'llm',
    provider: 'p',
    model: 'm',
    llm_input_tokens: '1',
    llm_output_tokens: '2',
  });
  expect(Object.keys(named(llm)).filter((name) => /^tts|^stt|calls/.test(name))).toEqual([]);
});

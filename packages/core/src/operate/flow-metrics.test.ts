import { expect, test } from 'vitest';

import type { ProviderUsage } from '../call/provider-usage.js';
import { FlowMetrics } from './flow-metrics.js';
import { failureOf, outcomeOf } from '../call/session-outcome.js';

const usage = (given: Partial<ProviderUsage>): ProviderUsage => ({
  kind: 'llm',
  provider: 'openai',
  model: 'small',
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  characters: 0,
  audioDurationMs: 0,
  ...given,
});

test('how a call ended is counted by agent, and a failure by its code', () => {
  const metrics = new FlowMetrics();
  metrics.end('sales', outcomeOf('caller_left'), 2_000);
  metrics.end('sales', failureOf({ code: 'SESSION_JOIN_FAILED', message: '' }), 100);
  expect(metrics.ended.samples).toEqual([
    { labels: { agent: 'sales', status: 'success', reason: 'caller_left' }, value: 1 },
    { labels: { agent: 'sales', status: 'failed', reason: 'failed' }, value: 1 },
  ]);
  expect(metrics.failed.samples).toEqual([
    { labels: { agent: 'sales', code: 'SESSION_JOIN_FAILED', caused_by: 'network' }, value: 1 },
  ]);
  expect(metrics.durations.samples).toMatchObject([{ count: 2, sum: 2.1 }]);
});

test('an unknown error code is counted as `other`, because a strategy may reject with any error', () => {
  const metrics = new FlowMetrics();
  for (const code of ['ENOENT', 'toString', 'caller <script>'])
    metrics.end('sales', failureOf({ code, message: '' }), 1);
  expect(metrics.failed.samples).toEqual([
    { labels: { agent: 'sales', code: 'other', caused_by: 'worker' }, value: 3 },
  ]);
});

test('the usage of a call is added once, however often it is reported', () => {
  const metrics = new FlowMetrics();
  const first = [usage({ inputTokens: 100, outputTokens: 10 })];
  const second = [
    usage({ inputTokens: 150, outputTokens: 30, cachedInputTokens: 20 }),
    usage({ kind: 'tts', model: 'voice', characters: 40, audioDurationMs: 2_500 }),
  ];
  metrics.use('sales', first, []);
  metrics.use('sales', second, first);
  const llm = { agent: 'sales', provider: 'openai', model: 'small' };
  expect(metrics.tokens.samples).toEqual([
    { labels: { ...llm, direction: 'input' }, value: 150 },
    { labels: { ...llm, direction: 'output' }, value: 30 },
    { labels: { ...llm, direction: 'input_cached' }, value: 20 },
  ]);
  const tts = { agent: 'sales', provider: 'openai', model: 'voice' };
  expect(metrics.characters.samples).toEqual([{ labels: tts, value: 40 }]);
  expect(metrics.audioSeconds.samples).toEqual([{ labels: { ...tts, kind: 'tts' }, value: 2.5 }]);
});

test('a counter never decreases: usage that is lower than before adds nothing', () => {
  const metrics = new FlowMetrics();
  metrics.use('sales', [usage({ inputTokens: 5 })], [usage({ inputTokens: 50 })]);
  expect(metrics.tokens.samples).toEqual([]);
});

test('at most 100 models have their own series', () => {
  const metrics = new FlowMetrics();
  for (let at = 0; at < 150; at += 1)
    metrics.use('sales', [usage({ model: `model-${at}`, inputTokens: 1 })], []);
  expect(metrics.tokens.samples).toHaveLength(101);
  expect(metrics.tokens.samples).toContainEqual({
    labels: { agent: 'sales', provider: 'other', model: 'other', direction: 'input' },
    value: 50,
  });
});

test('series of removed agents are removed; refusals without an agent stay', () => {
  const metrics = new FlowMetrics();
  metrics.accepted.add({ agent: 'sales' });
  metrics.accepted.add({ agent: 'gone' });
  metrics.refused.add({ agent: '', reason: 'invalid_tenant' });
  metrics.durations.record({ agent: 'gone' }, 1);
  metrics.fit(new Set(['sales']));
  expect(metrics.accepted.samples).toEqual([{ labels: { agent: 'sales' }, value: 1 }]);
  expect(metrics.refused.samples).toContainEqual({
    labels: { agent: '', reason: 'invalid_tenant' },
    value: 1,
  });
  expect(metrics.durations.samples).toMatchObject([{ labels: { agent: 'sales' }, count: 0 }]);
});

test('series that alerts query exist before the first event', () => {
  const metrics = new FlowMetrics();
  metrics.fit(new Set(['sales']));
  expect(metrics.refused.samples).toContainEqual({
    labels: { agent: '', reason: 'unknown_agent' },
    value: 0,
  });
  expect(metrics.blocks.samples).toMatchObject([
    { labels: { cause: 'code' }, count: 0, sum: 0 },
    { labels: { cause: 'host' }, count: 0 },
    { labels: { cause: 'unknown' }, count: 0 },
  ]);
  metrics.fit(new Set(['sales']));
  expect(metrics.blocks.samples).toHaveLength(3);
});

import { expect, test } from 'vitest';

import { used as usage } from '../call/used.fixture.js';
import { FlowMetrics } from './flow-metrics.js';
import { failureOf, outcomeOf } from '../call/session-outcome.js';
import { resultOf } from '../call/session-result.fixture.js';

test('how a call ended is counted by agent, and a failure by its code', () => {
  const metrics = new FlowMetrics();
  metrics.end('sales', resultOf(outcomeOf('caller_left'), { durationMs: 2_000 }));
  const joinFailed = failureOf({ code: 'SESSION_JOIN_FAILED', message: '' });
  metrics.end('sales', resultOf(joinFailed, { durationMs: 100 }));
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
    metrics.end('sales', resultOf(failureOf({ code, message: '' })));
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

test('errors of providers are counted by kind and a bounded code', () => {
  const metrics = new FlowMetrics();
  const error = { kind: 'llm', label: 'x', recoverable: false, message: '' } as const;
  for (const code of ['401', 'ECONNRESET', 'ENOTFOUND', 'timeout', 'TypeError', '200', 'my_code'])
    metrics.providerError('sales', { ...error, code });
  for (const code of ['ended', 'no_audio']) metrics.providerError('sales', { ...error, code });
  metrics.providerError('sales', { ...error, code: '401', recoverable: true });
  const counted = metrics.providerErrors.samples.map(({ labels, value }) => [
    labels['code'],
    labels['recoverable'],
    value,
  ]);
  expect(counted).toEqual([
    ['401', 'false', 1],
    ['connection', 'false', 2],
    ['timeout', 'false', 1],
    ['other', 'false', 3],
    ['ended', 'false', 1],
    ['no_audio', 'false', 1],
    ['401', 'true', 1],
  ]);
});

test('turns are counted when they are over, and their times in seconds', () => {
  const metrics = new FlowMetrics();
  metrics.turn('sales', { state: 'asked', endOfTurnMs: 400 });
  metrics.turn('sales', {
    state: 'answered',
    firstTokenMs: 250,
    firstAudioMs: 100,
    responseMs: 900,
  });
  metrics.turn('sales', { state: 'asked' });
  metrics.turn('sales', { state: 'unanswered', reason: 'provider_error' });
  expect(metrics.turns.samples).toEqual([
    { labels: { agent: 'sales', result: 'answered', reason: '' }, value: 1 },
    { labels: { agent: 'sales', result: 'unanswered', reason: 'provider_error' }, value: 1 },
  ]);
  expect(metrics.endOfTurn.samples).toMatchObject([{ count: 1, sum: 0.4 }]);
  expect(metrics.firstToken.samples).toMatchObject([{ count: 1, sum: 0.25 }]);
  expect(metrics.firstAudio.samples).toMatchObject([{ count: 1, sum: 0.1 }]);
  expect(metrics.response.samples).toMatchObject([{ count: 1, sum: 0.9 }]);
});

test.each([
  ['no turn was answered', { answered: 0, interrupted: 0, unanswered: 2 }, 1],
  ['one turn was answered', { answered: 1, interrupted: 0, unanswered: 2 }, 0],
  ['an answer was begun', { answered: 0, interrupted: 1, unanswered: 1 }, 0],
  ['nothing was asked', { answered: 0, interrupted: 0, unanswered: 0 }, 0],
])('a call counts as unanswered when %s: %o', (_what, counted, unanswered) => {
  const metrics = new FlowMetrics();
  const turns = { asked: 3, lastUnanswered: null, ...counted };
  metrics.end('sales', resultOf(outcomeOf('caller_left'), { turns }));
  expect(metrics.unansweredCalls.samples.length).toBe(unanswered);
});

import { expect, test } from 'vitest';

import { MetricsEnvelopes, parseMetricsLine } from './metrics-envelope.js';

const event = {
  event: 'session_started',
  timestamp: 1,
  jobId: 'AJ_1',
  agent: 'sales',
  tenant: 'default',
} as const;

test('lines are numbered from 1 and parsed as they were written', () => {
  const envelopes = new MetricsEnvelopes('host-1-run');
  const lines = [1, 2].map(() => envelopes.line({ kind: 'event', payload: event }));
  expect(lines.every((line) => line.endsWith('\n') && line.indexOf('\n') === line.length - 1)).toBe(
    true,
  );
  expect(lines.map(parseMetricsLine)).toMatchObject([
    { schemaVersion: 1, worker: 'host-1-run', seq: 1, kind: 'event', payload: event },
    { seq: 2, timestamp: expect.any(Number) },
  ]);
});

const good = {
  schemaVersion: 1,
  worker: 'w',
  seq: 1,
  timestamp: 1_500,
  kind: 'event',
  payload: event,
};

test.each<[string, unknown]>([
  ['blank', undefined],
  ['a list', []],
  ['null', null],
  ['another version', { ...good, schemaVersion: 2 }],
  ['a kind nobody knows', { ...good, kind: 'toString' }],
  ['a seq that is not a number', { ...good, seq: true }],
  ['a half one', { ...good, seq: 1.5 }],
  ['a timestamp that is not a number', { ...good, timestamp: '1' }],
  ['no payload', { ...good, payload: undefined }],
  ['a payload that is a list', { ...good, payload: [] }],
])('%s is not a line of a metrics file', (_what, value) => {
  expect(parseMetricsLine(value === undefined ? '' : JSON.stringify(value))).toBeUndefined();
});

test('an incomplete line is not parsed', () => {
  expect(parseMetricsLine(JSON.stringify(good).slice(0, -3))).toBeUndefined();
  expect(parseMetricsLine(JSON.stringify(good))).toEqual(good);
});

import { expect, test } from 'vitest';

import { used } from '../call/used.fixture.js';
import { MetricsEnvelopes, parseMetricsLine } from './metrics-envelope.js';

const event = {
  event: 'session_started',
  timestamp: 1,
  jobId: 'AJ_1',
  agent: 'sales',
  tenant: 'default',
  room: 'lobby',
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

const snapshot = {
  timestamp: 1,
  state: 'running',
  draining: false,
  notReady: [],
  deploymentVersion: null,
  deployment: null,
  registeredAgents: ['sales'],
  activeSessions: 1,
  refused: { full: 2 },
  sessions: [{ jobId: 'AJ_1' }],
  residentSet: { bytes: 1 },
  eventLoopLagMs: null,
  health: null,
  livekit: { state: 'registered' },
};
const ofEvent = (fields: object) => ({ ...good, payload: { ...event, ...fields } });
const ofSnapshot = (fields: object) => ({
  ...good,
  kind: 'snapshot',
  payload: { ...snapshot, ...fields },
});

test.each<[string, unknown]>([
  ['blank', undefined],
  ['a list', []],
  ['null', null],
  ['another version', { ...good, schemaVersion: 2 }],
  ['a version as text', { ...good, schemaVersion: '1' }],
  ['no worker', { ...good, worker: undefined }],
  ['a worker without a name', { ...good, worker: '' }],
  ['a worker that is a number', { ...good, worker: 5 }],
  ['a kind nobody knows', { ...good, kind: 'toString' }],
  ['no kind', { ...good, kind: undefined }],
  ['a kind that is a list', { ...good, kind: ['event'] }],
  ['a seq that is not a number', { ...good, seq: true }],
  ['a seq as text', { ...good, seq: '1' }],
  ['a negative seq', { ...good, seq: -1 }],
  ['a seq of zero', { ...good, seq: 0 }],
  ['a half seq', { ...good, seq: 1.5 }],
  ['a seq that is too large', { ...good, seq: 2 ** 60 }],
  ['a timestamp that is not a number', { ...good, timestamp: '1' }],
  ['a negative timestamp', { ...good, timestamp: -1 }],
  ['no timestamp', { ...good, timestamp: undefined }],
  ['no payload', { ...good, payload: undefined }],
  ['a payload that is a list', { ...good, payload: [] }],
  ['a payload that is a text', { ...good, payload: 'x' }],
  ['an event nobody knows', ofEvent({ event: 'session_paused' })],
  ['an event with the name of a method', ofEvent({ event: 'toString' })],
  ['no event', ofEvent({ event: undefined })],
  ['a snapshot said to be an event', { ...good, payload: snapshot }],
  ['an event of a job that is a number', ofEvent({ jobId: 7 })],
  ['an event without an agent', ofEvent({ agent: null })],
  ['an event with a negative duration', ofEvent({ durationMs: -1 })],
  ['an event at a time that is a text', ofEvent({ timestamp: 'now' })],
  [
    'a dropped count that is a fraction',
    ofEvent({ event: 'metrics_stream_overflow', overflowDropped: 0.5 }),
  ],
  ['an event with a usage that is no list', ofEvent({ usage: {} })],
  ['an event with negative tokens', ofEvent({ usage: [{ kind: 'llm', inputTokens: -1 }] })],
  ['an event with half a token', ofEvent({ usage: [{ kind: 'llm', outputTokens: 0.5 }] })],
  ['an event with a model that is a number', ofEvent({ usage: [{ kind: 'llm', model: 4 }] })],
  ['a snapshot with a negative count', ofSnapshot({ activeSessions: -1 })],
  ['a snapshot with half a call', ofSnapshot({ activeSessions: 1.5 })],
  ['a snapshot with a count as text', ofSnapshot({ activeSessions: '1' })],
  ['a snapshot with a state that is a number', ofSnapshot({ state: 1 })],
  ['a snapshot with a flag as text', ofSnapshot({ draining: 'no' })],
  ['a snapshot with calls that are not a list', ofSnapshot({ sessions: {} })],
  ['a snapshot with a call that is a text', ofSnapshot({ sessions: ['AJ_1'] })],
  ['a snapshot with refusals that are a list', ofSnapshot({ refused: [1] })],
  ['a snapshot with a refusal that is a text', ofSnapshot({ refused: { full: 'two' } })],
  ['a snapshot without a connection', ofSnapshot({ livekit: null })],
])('%s is not a line of a metrics file', (_what, value) => {
  expect(parseMetricsLine(value === undefined ? '' : JSON.stringify(value))).toBeUndefined();
});

test.each<[string, object]>([
  ['an event', good],
  ['an end with its usage', ofEvent({ event: 'session_finished', usage: [used()] })],
  [
    'the usage of a version with fewer figures',
    ofEvent({ usage: [{ kind: 'llm', inputTokens: 1 }] }),
  ],
  ['a snapshot', ofSnapshot({})],
  ['a snapshot of a version with fewer fields', { ...ofSnapshot({}), payload: { state: 'idle' } }],
  ['a snapshot of a version with more fields', ofSnapshot({ weather: 'fair' })],
])('%s is parsed', (_what, value) => {
  expect(parseMetricsLine(JSON.stringify(value))).toEqual(value);
});

test('an incomplete line is not parsed', () => {
  expect(parseMetricsLine(JSON.stringify(good).slice(0, -3))).toBeUndefined();
  expect(parseMetricsLine(JSON.stringify(good))).toEqual(good);
});

import { expect, test } from 'vitest';

import { MetricsState } from './metrics-state.js';
import { event, line, snapshot } from './metrics-lines.fixture.js';

function stateOf(...lines: readonly string[]): MetricsState {
  const state = new MetricsState();
  for (const each of lines) state.add(each);
  return state;
}

test('the last snapshot of each worker, and the events', () => {
  const state = stateOf(
    line({ worker: 'a', seq: 1 }),
    line({ worker: 'b', seq: 1, payload: { ...snapshot, activeSessions: 7 } }),
    line({ worker: 'a', seq: 2, payload: { ...snapshot, activeSessions: 3 } }),
    line({ worker: 'a', seq: 3, kind: 'event', payload: event }),
  );
  expect(state.workers).toMatchObject([
    { worker: 'b', missing: 0, snapshot: { active: 7, max: 50 } },
    { worker: 'a', missing: 0, seq: 3, snapshot: { active: 3 } },
  ]);
  expect(state.events).toMatchObject([
    {
      event: 'session_failed',
      agent: 'sales',
      jobId: 'AJ_1',
      detail: 'failed, after 12s, SESSION_UNCAUGHT: boom',
    },
  ]);
});

test('missing lines between the first and the last are counted for each worker', () => {
  const state = stateOf(
    line({ worker: 'a', seq: 5 }),
    line({ worker: 'b', seq: 1 }),
    line({ worker: 'a', seq: 9 }),
    line({ worker: 'b', seq: 2 }),
  );
  expect(state.workers.map(({ worker, missing }) => [worker, missing])).toEqual([
    ['a', 3],
    ['b', 0],
  ]);
});

test('lines that are not metrics are counted by kind', () => {
  const state = stateOf(
    '',
    'not JSON',
    '{"half":',
    '[1]',
    '{"hello":"world"}',
    line({ schemaVersion: 7 }),
    line({}),
  );
  expect(state).toMatchObject({ lines: 6, notJson: 2, foreign: 2, newer: 1, newestVersion: 7 });
  expect(state.workers).toHaveLength(1);
});

test.each<['snapshot' | 'event', object]>([
  ['snapshot', { activeSessions: 'many' }],
  ['snapshot', { residentSet: 5 }],
  ['snapshot', { sessionsByAgent: [] }],
  ['snapshot', { sessionsByAgent: { a: 'x' } }],
  ['snapshot', { lastError: {} }],
  ['event', {}],
  ['event', { event: 5 }],
  ['event', { ...event, timestamp: 'now' }],
  ['event', { ...event, error: [] }],
])('a %s that OpenRTC did not write is counted, and not shown: %j', (kind, payload) => {
  const state = stateOf(line({ kind, payload }), line({ seq: 2 }));
  expect(state).toMatchObject({ lines: 2, foreign: 1 });
  expect(state.workers).toMatchObject([{ seq: 2, missing: 0 }]);
  expect(state.events).toEqual([]);
});

test('fields that another version does not write are missing, and nothing else', () => {
  const state = stateOf(
    line({ payload: {} }),
    line({ kind: 'event', seq: 2, payload: { event: 'session_started' } }),
  );
  expect(state.workers).toMatchObject([{ snapshot: { active: null, lastError: null } }]);
  expect(state.events).toMatchObject([{ event: 'session_started', agent: '', jobId: '' }]);
});

test('it does not grow without limit', () => {
  const state = new MetricsState();
  for (let at = 0; at < 1_000; at += 1)
    state.add(line({ worker: `w${at}`, kind: 'event', payload: { ...event, jobId: `AJ_${at}` } }));
  expect(state.workers).toHaveLength(64);
  expect(state.events).toHaveLength(200);
  expect(state.events.at(-1)).toMatchObject({ jobId: 'AJ_999' });
});

import { expect, test } from 'vitest';

import { callsOf } from './call-row.js';
import { selectCalls, sortKeys } from './select-calls.js';
import { call, live, report, tenCalls } from './workers.fixture.js';

const calls = callsOf(tenCalls());
const select = (fields: object) =>
  selectCalls(calls, { sort: 'state', reversed: false, filter: '', ...fields }).map(
    ({ room }) => room,
  );

test('calls that need attention come first, then the longest', () => {
  expect(select({})).toEqual([3, 9, 10, 8, 7, 6, 5, 4, 2, 1].map((number) => `room-${number}`));
});

test('figures are sorted from the largest, texts from A, or reversed', () => {
  expect(select({ sort: 'cpu' }).slice(0, 2)).toEqual(['room-10', 'room-9']);
  expect(select({ sort: 'blocks' })[0]).toBe('room-3');
  expect(select({ sort: 'agent' })[0]).toBe('room-5');
  expect(select({ sort: 'duration', reversed: true })[0]).toBe('room-1');
});

test('calls that have not been measured come last', () => {
  const unseen = callsOf([
    live(report([call({ jobId: 'a', resources: null }), call({ jobId: 'b' })])),
  ]);
  for (const sort of ['cpu', 'memory'] as const)
    expect(selectCalls(unseen, { sort, reversed: false, filter: '' })[0]?.jobId).toBe('b');
});

test.each(sortKeys)('sorting by %s is deterministic', (sort) => {
  const selection = { sort, reversed: false, filter: '' };
  expect(selectCalls(calls.toReversed(), selection)).toEqual(selectCalls(calls, selection));
});

test('a call must contain every word of a filter, in the named field if there is one', () => {
  expect(select({ filter: 'SALES room-3' })).toEqual(['room-3']);
  expect(select({ filter: 'tenant:acme state:active' })).toHaveLength(4);
  expect(select({ filter: 'state:slow' })).toEqual(['room-3']);
  expect(select({ filter: 'state:unanswered' })).toEqual(['room-9']);
  expect(select({ filter: 'worker:200 room:10' })).toEqual(['room-10']);
  expect(select({ filter: 'tenant:sales' })).toEqual([]);
  expect(select({ filter: 'constructor:x' })).toEqual([]);
  expect(select({ filter: '__proto__' })).toEqual([]);
});

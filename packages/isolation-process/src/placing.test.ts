import { expect, test } from 'vitest';

import { place, type Seats } from './placing.js';

interface Child extends Seats {
  readonly name: string;
}

function child(
  name: string,
  calls: number,
  state: Seats['state'] = 'ready',
  group?: string,
): Child {
  return { name, state, group, jobIds: { size: calls }, busy: false };
}

const many = { sessionsPerProcess: 5, spread: 2 };
const where = (children: Child[], group?: string, rules = many) =>
  place(children, group, rules)?.name;

test('a ready process is chosen before a starting one', () => {
  expect(where([child('starting', 0, 'starting'), child('ready', 0)])).toBe('ready');
  expect(where([child('starting', 0, 'starting'), child('busy', 3)])).toBe('busy');
  expect(where([child('starting', 0, 'starting')])).toBe('starting');
});

test('as many processes as there are cores share the calls evenly', () => {
  expect(where([child('a', 1), child('b', 0)])).toBe('b');
  expect(where([child('a', 2), child('b', 1)])).toBe('b');
  // A third one is used only when the two are full.
  expect(where([child('a', 2), child('b', 1), child('c', 0)])).toBe('b');
  expect(where([child('a', 5), child('b', 5), child('c', 0)])).toBe('c');
});

test('there is no place if all are full, closing, or gone', () => {
  expect(
    where([child('full', 5), child('closing', 1, 'closing'), child('gone', 0, 'gone')]),
  ).toBeUndefined();
  expect(
    where([child('full', 1)], undefined, { sessionsPerProcess: 1, spread: 2 }),
  ).toBeUndefined();
});

test('a process with a fully used event loop gets no call', () => {
  const late = { ...child('late', 1), busy: true };
  expect(where([late, child('b', 3)])).toBe('b');
  expect(where([late])).toBeUndefined();
});

test('a group uses its own processes first, then unused ones, never those of another group', () => {
  const grouped = { sessionsPerProcess: 5, spread: 1 };
  const all = [
    child('blank', 0),
    child('b', 1, 'ready', 'b'),
    child('a', 4, 'ready', 'a'),
    child('a-idle', 0, 'ready', 'a'),
  ];
  expect(where(all, 'a', grouped)).toBe('a');
  expect(where(all.slice(3).concat(all.slice(0, 2)), 'a', grouped)).toBe('a-idle');
  expect(where(all, 'c', grouped)).toBe('blank');
  expect(where(all.slice(1), 'c', grouped)).toBeUndefined();
});

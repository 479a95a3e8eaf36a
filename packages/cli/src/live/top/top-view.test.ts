import { expect, test } from 'vitest';

import { sortKeys } from './select-calls.js';
import { type TopView, afterKey, initialView } from './top-view.js';

const PAGES = 3;

/** Presses letters and, in <>, named keys. */
function press(keys: string, view: TopView = initialView({})): TopView | 'quit' {
  let now: TopView | 'quit' = view;
  for (const [key, name] of keys.matchAll(/<(\w+)>|./gu)) {
    if (now === 'quit') throw new Error(`it has quit before ${key}`);
    now = afterKey(now, name === undefined ? { text: key, name: key } : { name }, PAGES);
  }
  return now;
}

test('q quits, but not while a filter is typed', () => {
  expect(press('q')).toBe('quit');
  expect(press('/q')).toMatchObject({ typing: 'q', filter: '' });
});

test('s cycles through all orders, S in the other direction', () => {
  expect(press('s')).toMatchObject({ sort: sortKeys[1] });
  expect(press('s'.repeat(sortKeys.length))).toMatchObject({ sort: 'state' });
  expect(press('S')).toMatchObject({ sort: sortKeys.at(-1) });
  expect(press('r')).toMatchObject({ reversed: true });
  expect(press('rr')).toMatchObject({ reversed: false });
});

test('pages stop at the first and the last', () => {
  expect(press('n')).toMatchObject({ page: 1 });
  expect(press('nnnnn')).toMatchObject({ page: PAGES - 1 });
  expect(press('nnnnnp')).toMatchObject({ page: PAGES - 2 });
  expect(press('p')).toMatchObject({ page: 0 });
  expect(press('<end>')).toMatchObject({ page: PAGES - 1 });
  expect(press('<pagedown><home>')).toMatchObject({ page: 0 });
  // There were more pages before.
  expect(press('p', { ...initialView({}), page: 9 })).toMatchObject({ page: PAGES - 2 });
});

test('a filter is typed, corrected, applied or cancelled', () => {
  expect(press('/acmx<backspace>e<return>')).toMatchObject({ filter: 'acme', typing: undefined });
  expect(press('/x<escape>', initialView({ filter: 'acme' }))).toMatchObject({ filter: 'acme' });
  expect(press('<escape>', initialView({ filter: 'acme' }))).toMatchObject({ filter: '' });
  expect(
    afterKey({ ...initialView({}), typing: 'abc' }, { name: 'u', ctrl: true }, 1),
  ).toMatchObject({
    typing: '',
  });
});

test('unknown keys change nothing', () => {
  const view = initialView({ filter: 'x' });
  for (const key of [{ name: 'f5' }, { text: 's', ctrl: true }, { text: 'z' }, {}])
    expect(afterKey(view, key, PAGES)).toEqual(view);
  expect(afterKey({ ...view, typing: '' }, { text: '\u001B' }, PAGES)).toMatchObject({
    typing: '',
  });
});

import { expect, test } from 'vitest';

import { sortKeys } from './select-calls.js';
import { type TopView, afterKey, firstView } from './top-view.js';

const PAGES = 3;

/** Presses letters and, in <>, named keys. */
function press(keys: string, view: TopView = firstView({})): TopView | 'quit' {
  let now: TopView | 'quit' = view;
  for (const [key, name] of keys.matchAll(/<(\w+)>|./gu)) {
    if (now === 'quit') throw new Error(`it has quit before ${key}`);
    now = afterKey(now, name === undefined ? { text: key, name: key } : { name }, PAGES);
  }
  return now;
}

test('q quits, but not from within a filter', () => {
  expect(press('q')).toBe('quit');
  expect(press('/q')).toMatchObject({ typing: 'q', filter: '' });
});

test('s goes through all orders and comes back, S the other way', () => {
  expect(press('s')).toMatchObject({ sort: sortKeys[1] });
  expect(press('s'.repeat(sortKeys.length))).toMatchObject({ sort: 'state' });
  expect(press('S')).toMatchObject({ sort: sortKeys.at(-1) });
  expect(press('r')).toMatchObject({ reversed: true });
  expect(press('rr')).toMatchObject({ reversed: false });
});

test('pages have a first and a last', () => {
  expect(press('n')).toMatchObject({ page: 1 });
  expect(press('nnnnn')).toMatchObject({ page: PAGES - 1 });
  expect(press('nnnnnp')).toMatchObject({ page: PAGES - 2 });
  expect(press('p')).toMatchObject({ page: 0 });
  expect(press('<end>')).toMatchObject({ page: PAGES - 1 });
  expect(press('<pagedown><home>')).toMatchObject({ page: 0 });
  // There were more of them a moment ago.
  expect(press('p', { ...firstView({}), page: 9 })).toMatchObject({ page: PAGES - 2 });
});

test('a filter is typed, mended, kept or not', () => {
  expect(press('/acmx<backspace>e<return>')).toMatchObject({ filter: 'acme', typing: undefined });
  expect(press('/x<escape>', firstView({ filter: 'acme' }))).toMatchObject({ filter: 'acme' });
  expect(press('<escape>', firstView({ filter: 'acme' }))).toMatchObject({ filter: '' });
  expect(afterKey({ ...firstView({}), typing: 'abc' }, { name: 'u', ctrl: true }, 1)).toMatchObject(
    {
      typing: '',
    },
  );
});

test('keys that mean nothing change nothing', () => {
  const view = firstView({ filter: 'x' });
  for (const key of [{ name: 'f5' }, { text: 's', ctrl: true }, { text: 'z' }, {}])
    expect(afterKey(view, key, PAGES)).toEqual(view);
  expect(afterKey({ ...view, typing: '' }, { text: '\u001B' }, PAGES)).toMatchObject({
    typing: '',
  });
});

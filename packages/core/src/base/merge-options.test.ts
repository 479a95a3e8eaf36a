import { expect, test } from 'vitest';

import { mergeOptions } from './merge-options.js';

class Model {}

test.each<[string, object | undefined, object | undefined, object]>([
  ['nothing', undefined, undefined, {}],
  ['defaults alone', { a: { b: 1 } }, undefined, { a: { b: 1 } }],
  ['options alone', undefined, { a: { b: 1 } }, { a: { b: 1 } }],
  ['key by key', { a: 1, b: 1 }, { b: 2 }, { a: 1, b: 2 }],
  [
    'objects in it',
    { a: { b: 1, c: { d: 1 } } },
    { a: { c: { e: 2 } } },
    { a: { b: 1, c: { d: 1, e: 2 } } },
  ],
  [
    'undefined is not given',
    { a: { b: 1 } },
    { a: { b: undefined }, c: undefined },
    { a: { b: 1 } },
  ],
  ['null is given', { a: { b: 1 } }, { a: null }, { a: null }],
  ['an array is replaced', { a: [1, 2] }, { a: [3] }, { a: [3] }],
  ['an object over another value', { a: 'vad' }, { a: { b: 1 } }, { a: { b: 1 } }],
])('%s', (_what, defaults, options, merged) => {
  expect(mergeOptions(defaults, options)).toEqual(merged);
});

test('an instance is replaced, and neither side changes', () => {
  const [before, after] = [new Model(), new Model()];
  const defaults = { model: before, part: { a: 1 } };
  const merged = mergeOptions<object>(defaults, { model: after, part: { b: 2 } });
  expect(merged).toEqual({ model: after, part: { a: 1, b: 2 } });
  expect((merged as typeof defaults).model).toBe(after);
  expect(defaults).toEqual({ model: before, part: { a: 1 } });
});

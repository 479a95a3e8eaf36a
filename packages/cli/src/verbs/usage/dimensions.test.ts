import { expect, test } from 'vitest';

import { BadValue } from '../../options/option-row.js';
import { readDimensions, readTime } from './dimensions.js';

test('what usage is told apart by, in the given order', () => {
  expect(readDimensions('day, Tenant')).toEqual(['day', 'tenant']);
  for (const bad of ['', 'room', 'tenant,', 'tenant,tenant', 'toString'])
    expect(() => readDimensions(bad), bad).toThrow(BadValue);
});

test('a day begins at midnight UTC, a time has its zone', () => {
  expect(readTime('2026-11-01')).toBe(Date.UTC(2026, 10, 1));
  expect(readTime(' 2026-11-01T00:00+01:00 ')).toBe(Date.UTC(2026, 9, 31, 23));
  expect(readTime('2026-11-01T12:30:15.5Z')).toBe(Date.UTC(2026, 10, 1, 12, 30, 15, 500));
  const bad = [
    '',
    'today',
    '2026',
    '2026-13-01',
    '2026-11-31',
    '2026-11-01T12:00',
    '1793491200000',
  ];
  for (const each of bad) expect(() => readTime(each), each).toThrow(BadValue);
});

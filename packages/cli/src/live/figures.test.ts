import { expect, test } from 'vitest';

import { bytesText, clockText, counted, durationText, millisText, orUnknown } from './figures.js';

test.each([
  [-1, '0s'],
  [59.9, '59s'],
  [60, '1m00s'],
  [3_599, '59m59s'],
  [3_600, '1h00m'],
  [86_399, '23h59m'],
  [183_600, '2d03h'],
])('%d seconds are %s', (seconds, text) => {
  expect(durationText(seconds * 1_000)).toBe(text);
});

test('figures are short, and an unknown one is -', () => {
  expect([0, 1_048_576, 1_073_741_823, 1_610_612_736].map(bytesText)).toEqual([
    '0M',
    '1M',
    '1024M',
    '1.5G',
  ]);
  expect([320, 1_520].map(millisText)).toEqual(['320ms', '1.5s']);
  expect([null, undefined, 0].map((each) => orUnknown(each, String))).toEqual(['-', '-', '0']);
  expect([0, 1, 2].map((each) => counted(each, 'call'))).toEqual(['0 calls', '1 call', '2 calls']);
  expect(clockText(Number.NaN)).toBe('-');
  expect(clockText(0)).toMatch(/^\d\d:\d\d:\d\d$/);
});

import { expect, test } from 'vitest';

import { BadValue, duration, interval, oneOf, text, wholeNumber, yesOrNo } from './option-row.js';

test('a whole number is checked against its bounds', () => {
  const read = wholeNumber(1, 50);
  expect(['1', ' 7 ', '50'].map(read)).toEqual([1, 7, 50]);
  for (const bad of ['0', '51', '-1', '1.5', '1e1', '0x5', 'NaN', 'Infinity', '', 'many'])
    expect(() => read(bad), bad).toThrow(new BadValue('a whole number from 1 to 50'));
});

test('one of several words, in upper or lower case', () => {
  const read = oneOf(['coroutine', 'process']);
  expect(['process', 'PROCESS', ' Coroutine '].map(read)).toEqual([
    'process',
    'process',
    'coroutine',
  ]);
  expect(() => read('threads')).toThrow(new BadValue('one of coroutine, process'));
});

test('a time is in seconds or has a unit', () => {
  expect(['90', '90s', '1.5s', '250ms', '15m', '1h', '0'].map(duration)).toEqual([
    90_000, 90_000, 1_500, 250, 900_000, 3_600_000, 0,
  ]);
  for (const bad of ['', '-1', '1d', 'soon', '1h30m', '9999999999', '600h'])
    expect(() => duration(bad), bad).toThrow(BadValue);
});

test('an interval is a time of at least 250 ms', () => {
  expect(['250ms', '1', '1m'].map(interval)).toEqual([250, 1_000, 60_000]);
  for (const bad of ['249ms', '0', 'often']) expect(() => interval(bad), bad).toThrow(BadValue);
});

test('a switch with a variable can be switched off there', () => {
  expect(['true', '1', ' Yes ', 'on', 'false', '0', 'NO', 'off'].map(yesOrNo)).toEqual([
    ...Array.from({ length: 4 }, () => true),
    ...Array.from({ length: 4 }, () => false),
  ]);
  expect(() => yesOrNo('maybe')).toThrow(new BadValue('true or false'));
});

test('a text is not blank, and is trimmed', () => {
  expect(text(' hello there ')).toBe('hello there');
  for (const bad of ['', '  ']) expect(() => text(bad)).toThrow(BadValue);
});

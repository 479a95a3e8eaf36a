import { expect, test } from 'vitest';

import { type Column, tableLines } from './fit-columns.js';
import { plainText } from './line.js';

interface Row {
  readonly name: string;
  readonly size: number;
  readonly note: string;
}

const columns: readonly Column<Row>[] = [
  { title: 'NAME', text: ({ name }) => name, minWidth: 4, maxWidth: 10, rank: 0 },
  {
    title: 'SIZE',
    text: ({ size }) => String(size),
    minWidth: 4,
    maxWidth: 4,
    rank: 1,
    align: 'right',
  },
  { title: 'NOTE', text: ({ note }) => note, minWidth: 5, maxWidth: 20, rank: 2 },
];
const rows: readonly Row[] = [
  { name: 'a', size: 1, note: 'short' },
  { name: 'a-longer-name', size: 1_234, note: 'a note that goes on and on' },
];
const table = (width: number) => tableLines(columns, rows, width).map(plainText);

test('with enough room columns are as wide as their cells, up to their maximum', () => {
  expect(table(Number.POSITIVE_INFINITY)).toEqual([
    'NAME        SIZE  NOTE',
    'a              1  short',
    'a-longer-…  1234  a note that goes on…',
  ]);
});

test('in less room cells are cut, the least important first', () => {
  expect(table(30)).toEqual([
    'NAME        SIZE  NOTE',
    'a              1  short',
    'a-longer-…  1234  a note that…',
  ]);
});

test('in still less room columns are left out, and the last one is cut', () => {
  expect(table(14)).toEqual(['NAME      SIZE', 'a            1', 'a-longe…  1234']);
  expect(table(5)).toEqual(['NAME', 'a', 'a-lo…']);
  expect(table(2)).toEqual(['N…', 'a', 'a…']);
});

test('an optional column is left out while all of its cells are empty', () => {
  const optional = columns.map((column) => ({ ...column, optional: column.title === 'NOTE' }));
  const lines = (notes: readonly string[]) => {
    const noted = rows.map((row, at) => ({ ...row, note: notes[at] ?? '' }));
    return tableLines(optional, noted, 40).map(plainText)[0];
  };
  expect(lines([])).toBe('NAME        SIZE');
  expect(lines(['', 'one'])).toBe('NAME        SIZE  NOTE');
});

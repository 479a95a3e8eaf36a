import { expect, test } from 'vitest';

import { type Column, tableLines } from './fit-columns.js';
import { plainText } from './line.js';

interface Row {
  readonly name: string;
  readonly size: number;
  readonly note: string;
}

const columns: readonly Column<Row>[] = [
  { title: 'NAME', text: ({ name }) => name, least: 4, most: 10, rank: 0 },
  { title: 'SIZE', text: ({ size }) => String(size), least: 4, most: 4, rank: 1, align: 'right' },
  { title: 'NOTE', text: ({ note }) => note, least: 5, most: 20, rank: 2 },
];
const rows: readonly Row[] = [
  { name: 'a', size: 1, note: 'short' },
  { name: 'a-longer-name', size: 1_234, note: 'a note that goes on and on' },
];
const table = (width: number) => tableLines(columns, rows, width).map(plainText);

test('where there is room columns are as wide as their cells, up to their most', () => {
  expect(table(Number.POSITIVE_INFINITY)).toEqual([
    'NAME        SIZE  NOTE',
    'a              1  short',
    'a-longer-…  1234  a note that goes on…',
  ]);
});

test('then cells are cut, those that matter least first', () => {
  expect(table(30)).toEqual([
    'NAME        SIZE  NOTE',
    'a              1  short',
    'a-longer-…  1234  a note that…',
  ]);
});

test('then columns go, and the last one is cut', () => {
  expect(table(14)).toEqual(['NAME      SIZE', 'a            1', 'a-longe…  1234']);
  expect(table(5)).toEqual(['NAME', 'a', 'a-lo…']);
  expect(table(2)).toEqual(['N…', 'a', 'a…']);
});

import headless from '@xterm/headless';
import { expect, test } from 'vitest';

import { ScreenBottom } from './screen-bottom.js';

/** The screen of a terminal. */
class Grid {
  readonly #terminal: headless.Terminal;

  constructor(columns: number, rows: number) {
    // Like a terminal driver: a new line begins at the left.
    const options = { cols: columns, rows, convertEol: true, allowProposedApi: true };
    this.#terminal = new headless.Terminal(options);
  }

  readonly write = (text: string): void => this.#terminal.write(text);

  readonly size = () => ({ rows: this.#terminal.rows, columns: this.#terminal.cols });

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows);
  }

  /** The visible rows, after all output has been processed. */
  async rows(): Promise<readonly string[]> {
    const { active } = await this.#taken();
    return Array.from({ length: this.#terminal.rows }, (_row, at) =>
      (active.getLine(active.baseY + at)?.translateToString(true) ?? '').trimEnd(),
    );
  }

  /** Whether the first column of a row is inverse. */
  async inverse(row: number): Promise<boolean> {
    const { active } = await this.#taken();
    const cell = active.getLine(active.baseY + row)?.getCell(0);
    return cell !== undefined && cell.isInverse() !== 0;
  }

  async #taken(): Promise<headless.IBufferNamespace> {
    await new Promise<void>((resolve) => this.#terminal.write('', resolve));
    return this.#terminal.buffer;
  }
}

const LINES = ['first', 'second', 'third', 'fourth'];

function logged(from: number, to: number): string {
  return Array.from({ length: to - from + 1 }, (_line, at) => `log ${from + at}\n`).join('');
}

test('other output scrolls above the lines', async () => {
  const grid = new Grid(20, 14);
  grid.write(logged(1, 3));
  const bottom = new ScreenBottom(grid.write, grid.size);
  bottom.show(LINES);
  expect(await grid.rows()).toEqual([
    'log 1',
    'log 2',
    'log 3',
    '',
    '',
    '',
    '',
    '',
    '',
    '',
    ...LINES,
  ]);
  grid.write(logged(4, 30));
  bottom.show(LINES);
  const scrolled = Array.from({ length: 9 }, (_row, at) => `log ${22 + at}`);
  expect(await grid.rows()).toEqual([...scrolled, '', ...LINES]);
  expect(await Promise.all([9, 10, 11].map((row) => grid.inverse(row)))).toEqual([
    false,
    true,
    false,
  ]);
});

test('earlier output is pushed up, not overwritten', async () => {
  const grid = new Grid(20, 12);
  grid.write(logged(1, 40));
  new ScreenBottom(grid.write, grid.size).show(LINES);
  const rows = await grid.rows();
  expect(rows.slice(0, 8)).toEqual([
    ...Array.from({ length: 7 }, (_row, at) => `log ${34 + at}`),
    '',
  ]);
  expect(rows.slice(8)).toEqual(LINES);
});

test('a changed line leaves nothing of the previous one', async () => {
  const grid = new Grid(20, 14);
  const bottom = new ScreenBottom(grid.write, grid.size);
  bottom.show(['a long first line', 'a long second', '', '']);
  bottom.show(['short', 'too', '', '']);
  expect((await grid.rows()).slice(10)).toEqual(['short', 'too', '', '']);
});

test('lines are cut, also with wide characters', async () => {
  const grid = new Grid(10, 14);
  new ScreenBottom(grid.write, grid.size).show([
    'longer than ten',
    '会議室会議室会議室',
    'below',
    '',
  ]);
  const rows = await grid.rows();
  expect(rows[10]).toBe('longer tha');
  expect(rows[11]?.startsWith('会議室会')).toBe(true);
  expect(rows[12]).toBe('below');
});

test('a small terminal keeps the first line, a tiny one no line', async () => {
  const grid = new Grid(20, 11);
  const bottom = new ScreenBottom(grid.write, grid.size);
  bottom.show(LINES);
  expect((await grid.rows()).slice(9)).toEqual(['', 'first']);
  grid.resize(20, 3);
  bottom.show(LINES);
  expect(await grid.rows()).toEqual(['', '', '']);
});

test('the lines stay at the bottom after a resize', async () => {
  const grid = new Grid(20, 14);
  const bottom = new ScreenBottom(grid.write, grid.size);
  bottom.show(LINES);
  grid.resize(30, 20);
  bottom.show(LINES);
  grid.write(logged(1, 40));
  bottom.show(LINES);
  const rows = await grid.rows();
  expect(rows.slice(16)).toEqual(LINES);
  expect(rows[14]).toBe('log 40');
});

test('afterwards the whole screen scrolls again, and the lines are gone', async () => {
  const grid = new Grid(20, 12);
  const bottom = new ScreenBottom(grid.write, grid.size);
  bottom.show(LINES);
  grid.write(logged(1, 20));
  bottom[Symbol.dispose]();
  expect((await grid.rows()).slice(7)).toEqual(['', '', '', '', '']);
  grid.write(logged(21, 25));
  expect(await grid.rows()).toEqual([
    ...Array.from({ length: 11 }, (_row, at) => `log ${15 + at}`),
    '',
  ]);
});

test('without anything shown nothing is restored', async () => {
  const written: string[] = [];
  const bottom = new ScreenBottom(
    (text) => written.push(text),
    () => ({ rows: 24, columns: 80 }),
  );
  bottom[Symbol.dispose]();
  expect(written).toEqual([]);
});

import { defined } from '../defined.js';
import { cellText, cut, widthOf } from './cell-text.js';
import type { Line, Piece, Style } from './line.js';

/** A column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  readonly align?: 'right';
  /** Narrower than this it is not readable. */
  readonly minWidth: number;
  readonly maxWidth: number;
  /** In a narrow terminal the column with the highest rank is left out first. */
  readonly rank: number;
  /** True: it is left out while all of its cells are empty. */
  readonly optional?: boolean;
}

type Widths = readonly [minWidth: number, maxWidth: number];

/** A column of text, as wide as its cells within these widths. */
export function textColumn<Row>(
  title: string,
  [minWidth, maxWidth]: Widths,
  rank: number,
  text: (row: Row) => string,
): Column<Row> {
  return { title, text, minWidth, maxWidth, rank };
}

/** The same for figures, aligned to the right. */
export function figureColumn<Row>(
  title: string,
  widths: Widths,
  rank: number,
  text: (row: Row) => string,
): Column<Row> {
  return { ...textColumn(title, widths, rank, text), align: 'right' };
}

/** A column with its place in the line. */
interface Placed<Row> {
  readonly column: Column<Row>;
  readonly at: number;
  readonly width: number;
}

const GAP = 2;

/** A table as lines, titles first. No line is wider than `width`: cells are cut first, then columns are left out. */
export function tableLines<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
  styleOf: (row: Row) => Style | undefined = () => undefined,
): readonly Line[] {
  const placed = place(columns, rows, width);
  const titles = placed.map((each): Piece => ({
    ...cell(each, each.column.title),
    style: 'strong',
  }));
  return [
    titles,
    ...rows.map((row): Line => {
      const style = styleOf(row);
      return placed.map((each): Piece => ({
        ...cell(each, cellText(each.column.text(row))),
        ...defined({ style }),
      }));
    }),
  ];
}

function place<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
): readonly Placed<Row>[] {
  const needed = columns.filter(
    ({ optional, text }) => optional !== true || rows.some((row) => text(row) !== ''),
  );
  const wanted = needed.map((column) => {
    const widest = rows.reduce(
      (max, row) => Math.max(max, widthOf(cellText(column.text(row)))),
      widthOf(column.title),
    );
    const want = Math.min(column.maxWidth, widest);
    return { column, want, width: Math.min(column.minWidth, want) };
  });
  const kept = [...wanted];
  const total = () => kept.reduce((sum, each) => sum + each.width + GAP, -GAP);
  while (kept.length > 1 && total() > width) {
    const last = kept.reduce((one, other) => (other.column.rank > one.column.rank ? other : one));
    kept.splice(kept.indexOf(last), 1);
  }
  let spare = width - total();
  // The columns that matter most get the remaining width.
  for (const each of kept.toSorted((one, other) => one.column.rank - other.column.rank)) {
    const more = Math.max(-each.width, Math.min(each.want - each.width, spare));
    each.width += more;
    spare -= more;
  }
  let at = 0;
  return kept.map((each) => {
    const here = { column: each.column, at, width: each.width };
    at += each.width + GAP;
    return here;
  });
}

function cell<Row>({ column, at, width }: Placed<Row>, text: string): Piece {
  const shown = cut(text, width);
  const indent = column.align === 'right' ? Math.max(0, width - widthOf(shown)) : 0;
  return { at: at + indent, text: shown };
}

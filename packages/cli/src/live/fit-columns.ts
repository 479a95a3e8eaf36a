import { cellText, cut, widthOf } from './cell-text.js';
import type { Line, Piece, Style } from './line.js';

/** A column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  readonly align?: 'right';
  /** Narrower than that it tells nothing. */
  readonly least: number;
  readonly most: number;
  /** In a narrow terminal the column with the highest goes first. */
  readonly rank: number;
}

/** A column that has its place. */
interface Placed<Row> {
  readonly column: Column<Row>;
  readonly at: number;
  readonly width: number;
}

const GAP = 2;

/** A table as lines, the titles first. No line is wider than `columns`: first cells are cut, then columns go. */
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
        ...(style === undefined ? {} : { style }),
      }));
    }),
  ];
}

function place<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
): readonly Placed<Row>[] {
  const wanted = columns.map((column) => {
    const widest = rows.reduce(
      (most, row) => Math.max(most, widthOf(cellText(column.text(row)))),
      widthOf(column.title),
    );
    const want = Math.min(column.most, widest);
    return { column, want, width: Math.min(column.least, want) };
  });
  const kept = [...wanted];
  const least = () => kept.reduce((sum, each) => sum + each.width + GAP, -GAP);
  while (kept.length > 1 && least() > width) {
    const last = kept.reduce((one, other) => (other.column.rank > one.column.rank ? other : one));
    kept.splice(kept.indexOf(last), 1);
  }
  let spare = width - least();
  // What is left goes to the columns that matter most.
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

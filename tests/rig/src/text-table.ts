/** A column of a text table. */
export interface Column {
  title: string;
  align?: 'left' | 'right';
  /** Longer cells are cut. */
  maxWidth?: number;
}

/** The lines of a plain text table: the titles, a rule, the rows. */
export function textTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const cut = rows.map((row) =>
    columns.map(({ maxWidth }, index) => shorten(row[index] ?? '', maxWidth)),
  );
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cut.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align }, index) => {
        const [cell = '', width = 0] = [cells[index], widths[index]];
        return align === 'right' ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [
    line(columns.map(({ title }) => title)),
    line(widths.map((width) => '-'.repeat(width))),
    ...cut.map(line),
  ];
}

function shorten(text: string, maxWidth = Infinity): string {
  return text.length <= maxWidth ? text : `${text.slice(0, maxWidth - 3).trimEnd()}...`;
}

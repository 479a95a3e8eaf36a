import type { OptionTable } from './table.js';
import { flagOf, optionTable } from './table.js';

/** The table of options in the README, made from the table of the command. */
export function optionsMarkdown(table: OptionTable = optionTable): string {
  const rows = Object.entries(table).map(([name, row]) => {
    const cells = [
      `\`${[flagOf(name), row.takes].join(' ').trim()}\``,
      row.env === undefined ? '' : `\`${row.env}\``,
      row.default ?? '',
      row.verbs.join(', '),
      row.help,
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return [
    '| flag | variable | default | verbs | description |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

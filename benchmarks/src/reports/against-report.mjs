import { markdownTable, runOf } from '../documents.mjs';
import { median } from '../statistics.mjs';

export const against = { name: 'against', document: 'docs/speed.md', report };

function report(run) {
  const { calls, seconds, rows } = run;
  const names = [...new Set(rows.map(({ name }) => name))];
  const rounds = rows.length / names.length;
  const [first] = names;
  const middle = (name, key) =>
    median(rows.filter((row) => row.name === name).map((row) => row[key]));
  const ratio = (name, key) => (middle(name, key) / middle(first, key)).toFixed(2);
  const table = markdownTable(
    [
      'checkout',
      'CPU-s per call-minute',
      `relative to ${first}`,
      'JS thread',
      `relative to ${first}`,
      'Opus encoder',
      'PSS MiB per call',
      'turn p50 ms',
      'missed',
    ],
    names.map((name) => [
      name,
      middle(name, 'cpu').toFixed(2),
      ratio(name, 'cpu'),
      middle(name, 'main').toFixed(2),
      ratio(name, 'main'),
      middle(name, 'encoder').toFixed(2),
      middle(name, 'pssPerCallMb').toFixed(1),
      middle(name, 'turnMsP50'),
      middle(name, 'turnsMissed'),
    ]),
  );
  return `${runOf(run)} Workers ran side by side at the same time with \`coroutine()\`, ${calls} calls each for ${seconds} s; figures are the median of ${rounds} rounds.\n\n${table}`;
}

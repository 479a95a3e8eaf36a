import { markdownTable, medianAndRange, runOf } from '../documents.mjs';

export const silence = { name: 'silence', document: 'docs/speed.md', report };

/** Length of the tone in each turn. */
export const TONE_MS = 1_500;

function report(run) {
  const { turns, othersCores, rows } = run;
  const table = markdownTable(
    [
      'source',
      'heard after, ms',
      'heard on after the last frame, ms',
      'CPU ms a second in silence',
    ],
    rows.map((row) => [
      row.queueMs === 0
        ? 'no queue, nothing sent in silence'
        : `queue of ${row.queueMs} ms, as the SDK has it`,
      medianAndRange(row.beginMs),
      medianAndRange(row.endMs),
      row.silenceCpuMsPerSecond,
    ]),
  );
  return `${runOf(run)} Middle, least and most of ${turns} turns of ${TONE_MS / 1_000} s; agent and caller are one process. Others used ${othersCores} cores beside it.\n\n${table}`;
}

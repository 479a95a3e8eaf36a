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
      'still heard after the last frame, ms',
      'CPU ms per second of silence',
    ],
    rows.map((row) => [
      row.queueMs === 0
        ? 'no queue, nothing sent in silence'
        : `queue of ${row.queueMs} ms, as in the SDK`,
      medianAndRange(row.beginMs),
      medianAndRange(row.endMs),
      row.silenceCpuMsPerSecond,
    ]),
  );
  return `${runOf(run)} Median, lowest and highest of ${turns} turns of ${TONE_MS / 1_000} s; agent and caller run in one process. Other programs used ${othersCores} cores meanwhile.\n\n${table}`;
}

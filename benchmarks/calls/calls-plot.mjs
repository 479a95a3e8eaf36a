import { chart, linearScale, logScale } from '../src/chart.mjs';
import { isSlow } from './held.mjs';

const panels = [
  { title: 'CPU-s per call-minute', of: (row) => row.cpuSecondsPerCallMinute, scale: linearScale },
  { title: 'peak PSS, MiB', of: (row) => row.peakPssMb, scale: logScale },
  { title: 'turn p99, ms', of: (row) => row.turnMsP99, scale: logScale },
];

/** Three panels side by side with a line for each worker; a hollow point is a row with slow or missed turns. */
export function plot(rows) {
  const drawn = rows.filter((row) => !row.failed && !row.once && row.turnMsP99 !== null);
  const names = [...new Set(drawn.map(({ name }) => name))];
  const xTicks = [...new Set(drawn.map((row) => row.calls))].toSorted((a, b) => a - b);
  const most = xTicks.at(-1) ?? 1;
  const linesOf = (of) =>
    names.map((name) => ({
      name,
      points: drawn
        .filter((row) => row.name === name)
        .toSorted((a, b) => a.calls - b.calls)
        .map((row) => ({ x: row.calls, y: of(row), hollow: isSlow(row) })),
    }));
  return chart({
    names,
    size: { width: 300, height: 240 },
    panels: panels.map(({ title, of, scale }) => ({
      title: `${title}, by calls`,
      x: { share: (calls) => calls / most },
      y: scale(drawn.map(of)),
      xTicks,
      lines: linesOf(of),
    })),
  });
}

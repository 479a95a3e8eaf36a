import { chart, logScale } from '../src/chart.mjs';

const PROCESSES = '5 MiB each, processes() (dashed: extrapolated)';

/** PSS by the number of sessions, both on logarithmic scales. */
export function plot({ stubPss, talking }) {
  const points = (rows, of) =>
    rows
      .filter((row) => row.sessions > 0 && of(row) !== undefined)
      .map((row) => ({ x: row.sessions, y: of(row) }));
  const measured = points(stubPss, ({ process }) => process?.median);
  const last = measured.slice(-1);
  const beyond = points(stubPss, ({ extrapolated }) => extrapolated).map((point) => ({
    ...point,
    hollow: true,
  }));
  const lines = [
    {
      name: '5 MiB each, coroutine()',
      points: points(stubPss, ({ coroutine }) => coroutine?.median),
    },
    { name: 'real, coroutine()', points: points(talking, ({ pss }) => pss?.median) },
    {
      name: 'real, every buffer touched',
      points: points(talking, ({ touched }) => touched?.median),
    },
    { name: PROCESSES, points: measured },
    { name: PROCESSES, points: beyond.length > 0 ? [...last, ...beyond] : [], dashed: true },
  ].filter((line) => line.points.length > 0);
  const all = lines.flatMap((line) => line.points);
  const sessions = [...new Set(all.map(({ x }) => x))].toSorted((a, b) => a - b);
  const panel = {
    title: 'PSS of the worker and its processes, MiB, by the number of sessions',
    x: logScale(sessions),
    y: logScale(all.map(({ y }) => y)),
    xTicks: sessions,
    lines,
  };
  return chart({
    names: [...new Set(lines.map(({ name }) => name))],
    size: { width: 630, height: 340 },
    panels: [panel],
  });
}

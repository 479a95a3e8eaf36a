// PSS by the number of sessions, both on logarithmic scales: an SVG without a library.
const WIDTH = 760;
const HEIGHT = 440;
const LEFT = 70;
const RIGHT = 200;
const TOP = 40;
const BOTTOM = 50;

export function plot({ stubPss, talking }) {
  const points = (rows, of) =>
    rows
      .filter((row) => row.sessions > 0 && of(row) !== undefined)
      .map((row) => [row.sessions, of(row)]);
  const measured = points(stubPss, ({ process }) => process?.median);
  const beyond = points(stubPss, ({ extrapolated }) => extrapolated);
  const lines = [
    {
      name: 'extrapolated',
      color: '#b03a2e',
      dashed: true,
      points: [...measured.slice(-1), ...beyond],
    },
    { name: '5 MiB each, processes()', color: '#b03a2e', points: measured },
    {
      name: '5 MiB each, coroutine()',
      color: '#1f618d',
      points: points(stubPss, ({ coroutine }) => coroutine?.median),
    },
    {
      name: 'real, every buffer touched',
      color: '#7d8a2e',
      dashed: true,
      points: points(talking, ({ touched }) => touched?.median),
    },
    {
      name: 'real, coroutine()',
      color: '#7d8a2e',
      points: points(talking, ({ pss }) => pss?.median),
    },
  ].filter((line) => line.points.length > (line.name === 'extrapolated' ? 1 : 0));
  const all = lines.flatMap((line) => line.points);
  const x = scale(
    all.map(([value]) => value),
    LEFT,
    WIDTH - RIGHT,
  );
  const y = scale(
    all.map(([, value]) => value),
    HEIGHT - BOTTOM,
    TOP,
  );
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(LEFT, 20, 'PSS of the worker and its processes, MiB, by the number of sessions', 'start'),
    ...gridX(
      [...new Set(all.map(([value]) => value))].toSorted((a, b) => a - b),
      x,
    ),
    ...gridY(
      all.map(([, value]) => value),
      y,
    ),
    ...lines.flatMap((line) => drawn(line, x, y)),
    ...labels(lines, y),
    '</svg>',
  ].join('\n')}\n`;
}

function scale(values, from, to) {
  const least = Math.log10(Math.min(...values));
  const most = Math.log10(Math.max(...values));
  const span = most - least || 1;
  return (value) => from + ((Math.log10(value) - least) / span) * (to - from);
}

function gridX(values, x) {
  return values.flatMap((value) => [
    `<line x1="${at(x(value))}" y1="${TOP}" x2="${at(x(value))}" y2="${HEIGHT - BOTTOM}" stroke="#eeeeee"/>`,
    text(x(value), HEIGHT - BOTTOM + 18, String(value), 'middle'),
  ]);
}

/** At 1, 2 and 5 of each power of ten. */
function gridY(values, y) {
  const least = Math.min(...values);
  const most = Math.max(...values);
  const ticks = [];
  for (let power = 10 ** Math.floor(Math.log10(least)); power <= most; power *= 10)
    ticks.push(...[1, 2, 5].map((step) => step * power));
  return ticks
    .filter((value) => value >= least && value <= most)
    .flatMap((value) => [
      `<line x1="${LEFT}" y1="${at(y(value))}" x2="${WIDTH - RIGHT}" y2="${at(y(value))}" stroke="#eeeeee"/>`,
      text(LEFT - 8, y(value) + 4, String(value), 'end'),
    ]);
}

function drawn({ color, dashed, points }, x, y) {
  const path = points.map(([a, b]) => `${at(x(a))},${at(y(b))}`).join(' ');
  return [
    `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"${dashed ? ' stroke-dasharray="5 4"' : ''}/>`,
    ...points.map(
      ([a, b]) =>
        `<circle cx="${at(x(a))}" cy="${at(y(b))}" r="3" fill="${dashed ? '#ffffff' : color}" stroke="${color}"/>`,
    ),
  ];
}

/** Beside the ends of the lines, a line of text apart. */
function labels(lines, y) {
  const ends = lines
    .map((line) => ({ ...line, at: y(line.points.at(-1)[1]) + 4 }))
    .toSorted((a, b) => a.at - b.at);
  let last = Number.NEGATIVE_INFINITY;
  return ends.map(({ name, color, at: wanted }) => {
    last = Math.max(wanted, last + 15);
    return text(WIDTH - RIGHT + 12, last, name, 'start', color);
  });
}

function text(x, y, words, anchor, color = '#333333') {
  return `<text x="${at(x)}" y="${at(y)}" text-anchor="${anchor}" fill="${color}">${words}</text>`;
}

function at(value) {
  return value.toFixed(1);
}

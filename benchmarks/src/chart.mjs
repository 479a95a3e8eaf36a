// Line charts as SVG: panels side by side, a legend below.

import { rounded } from './statistics.mjs';

const COLORS = [
  '#0b62d6',
  '#5aa2f5',
  '#13868b',
  '#6cc3a0',
  '#d6450b',
  '#8a4fbf',
  '#b88a00',
  '#666',
];
const LEFT = 60;
const TOP = 40;
const GAP = 70;
const LEGEND_COLUMNS = 3;

/**
 * Draws a chart. `names` are the names of all lines. Each panel has a `title`, `x` and `y` scales, the `xTicks`, and
 * `lines` by name, with `points` of `{ x, y, hollow }`; lines with one name have one colour, and may be `dashed`.
 */
export function chart({ names, panels, size: { width, height } }) {
  const column = panels.length === 1 ? (width + GAP) / LEGEND_COLUMNS : width + GAP;
  const whole = LEFT + panels.length * (width + GAP);
  const tall = TOP + height + 60 + 18 * Math.ceil(names.length / LEGEND_COLUMNS);
  const box = (index) => ({ left: LEFT + index * (width + GAP), width, height });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${whole} ${tall}" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="#fff"/>
${panels.map((panel, index) => drawPanel(panel, box(index), names)).join('\n')}
${names.map((name, index) => legend(name, index, { column, top: TOP + height + 46 })).join('\n')}
</svg>
`;
}

function drawPanel({ title, x, y, xTicks, lines }, { left, width, height }, names) {
  const bottom = TOP + height;
  const across = (value) => rounded(left + x.share(value) * width);
  const up = (value) => bottom - y.share(value) * height;
  const drawn = lines.map(({ name, points, dashed }) => {
    const { color, dashes } = strokeOf(names.indexOf(name), dashed);
    const path = points.map((point) => `${across(point.x)},${rounded(up(point.y))}`);
    const dots = points.map(
      (point) =>
        `<circle cx="${across(point.x)}" cy="${rounded(up(point.y))}" r="3.5" stroke="${color}" fill="${point.hollow ? '#fff' : color}"/>`,
    );
    return `<polyline points="${path.join(' ')}" fill="none" stroke="${color}"${dashes} stroke-width="1.5"/>${dots.join('')}`;
  });
  const grid = y.ticks.map(
    (tick) =>
      `<line x1="${left}" x2="${left + width}" y1="${rounded(up(tick))}" y2="${rounded(up(tick))}" stroke="#ddd"/><text x="${left - 6}" y="${rounded(up(tick) + 4)}" text-anchor="end">${tick}</text>`,
  );
  const ticks = xTicks.map(
    (tick) => `<text x="${across(tick)}" y="${bottom + 16}" text-anchor="middle">${tick}</text>`,
  );
  return `<g><text x="${left}" y="${TOP - 14}" font-size="13">${title}</text>
${grid.join('')}
<path d="M${left} ${TOP}V${bottom}H${left + width}" fill="none" stroke="#333"/>
${ticks.join('')}
${drawn.join('\n')}</g>`;
}

function legend(name, index, { column, top }) {
  const x = rounded(LEFT + (index % LEGEND_COLUMNS) * column);
  const y = top + 18 * Math.floor(index / LEGEND_COLUMNS);
  const { color, dashes } = strokeOf(index);
  return `<path d="M${x} ${y - 4}h22" stroke="${color}"${dashes} stroke-width="2.5"/><text x="${x + 28}" y="${y}">${escape(name)}</text>`;
}

/** When all colours are used they start again, dashed. */
function strokeOf(index, dashed = index >= COLORS.length) {
  const dashes = dashed ? ' stroke-dasharray="5 3"' : '';
  return { color: COLORS[index % COLORS.length], dashes };
}

/** A scale from 0 to just above the highest value. */
export function linearScale(values) {
  const top = Math.max(1, ...values) * 1.05;
  const step = [1, 2, 5, 10, 20, 50].find((each) => top / each <= 8) ?? 100;
  const ticks = Array.from({ length: Math.floor(top / step) + 1 }, (_, index) => index * step);
  return { share: (value) => value / top, ticks };
}

/** A scale for values that differ by a factor of ten or more, with ticks at round numbers. */
export function logScale(values) {
  const low = Math.log10(Math.min(...values) * 0.9);
  const high = Math.log10(Math.max(...values) * 1.1);
  const ticks = [1, 1.5, 2, 3, 5, 7]
    .flatMap((digit) => [1, 10, 100, 1_000, 10_000].map((power) => rounded(digit * power)))
    .filter((tick) => Math.log10(tick) >= low && Math.log10(tick) <= high);
  return { share: (value) => (Math.log10(value) - low) / (high - low || 1), ticks };
}

function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

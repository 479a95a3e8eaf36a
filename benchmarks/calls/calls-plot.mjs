// The picture of a run: three panels side by side, a line for each worker.
import { isSlow } from './held.mjs';

const PANEL = { width: 300, height: 240, gap: 70, left: 60, top: 40 };
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
const panels = [
  { title: 'CPU-s per call-minute', of: (row) => row.cpuSecondsPerCallMinute, log: false },
  { title: 'peak PSS, MiB', of: (row) => row.peakPssMb, log: true },
  { title: 'turn p99, ms', of: (row) => row.turnMsP99, log: true },
];

/** An SVG; a hollow point is a row whose turns were slow or missed. */
export function plot(rows) {
  const drawn = rows.filter((row) => !row.failed && !row.once && row.turnMsP99 !== null);
  const names = [...new Set(drawn.map(({ name }) => name))];
  const width = PANEL.left + panels.length * (PANEL.width + PANEL.gap);
  const height = PANEL.top + PANEL.height + 60 + 18 * Math.ceil(names.length / 3);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="#fff"/>
${panels.map((panel, index) => drawPanel(panel, index, drawn, names)).join('\n')}
${names.map((name, index) => legend(name, index)).join('\n')}
</svg>
`;
}

function drawPanel({ title, of, log }, index, rows, names) {
  const left = PANEL.left + index * (PANEL.width + PANEL.gap);
  const bottom = PANEL.top + PANEL.height;
  const calls = [...new Set(rows.map((row) => row.calls))].toSorted((a, b) => a - b);
  const most = calls.at(-1) ?? 1;
  const x = (count) => left + (count / most) * PANEL.width;
  const scale = log ? logScale(rows.map(of)) : linearScale(rows.map(of));
  const y = (value) => bottom - scale.share(value) * PANEL.height;
  const lines = names.map((name) => {
    const own = rows.filter((row) => row.name === name).toSorted((a, b) => a.calls - b.calls);
    const { color, dashes } = strokeOf(names.indexOf(name));
    const points = own.map((row) => `${one(x(row.calls))},${one(y(of(row)))}`);
    const dots = own.map(
      (row) =>
        `<circle cx="${one(x(row.calls))}" cy="${one(y(of(row)))}" r="3.5" stroke="${color}" fill="${isSlow(row) ? '#fff' : color}"/>`,
    );
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${color}"${dashes} stroke-width="1.5"/>${dots.join('')}`;
  });
  const grid = scale.ticks.map(
    (tick) =>
      `<line x1="${left}" x2="${left + PANEL.width}" y1="${one(y(tick))}" y2="${one(y(tick))}" stroke="#ddd"/><text x="${left - 6}" y="${one(y(tick) + 4)}" text-anchor="end">${tick}</text>`,
  );
  const counts = calls.map(
    (count) => `<text x="${one(x(count))}" y="${bottom + 16}" text-anchor="middle">${count}</text>`,
  );
  return `<g><text x="${left}" y="${PANEL.top - 14}" font-size="13">${title}, by calls</text>
${grid.join('')}
<path d="M${left} ${PANEL.top}V${bottom}H${left + PANEL.width}" fill="none" stroke="#333"/>
${counts.join('')}
${lines.join('\n')}</g>`;
}

function legend(name, index) {
  const x = PANEL.left + (index % 3) * (PANEL.width + PANEL.gap);
  const y = PANEL.top + PANEL.height + 46 + 18 * Math.floor(index / 3);
  const { color, dashes } = strokeOf(index);
  return `<path d="M${x} ${y - 4}h22" stroke="${color}"${dashes} stroke-width="2.5"/><text x="${x + 28}" y="${y}">${escape(name)}</text>`;
}

/** Once the colours are used up they come again, dashed. */
function strokeOf(index) {
  const dashes = index < COLORS.length ? '' : ' stroke-dasharray="5 3"';
  return { color: COLORS[index % COLORS.length], dashes };
}

function linearScale(values) {
  const top = Math.max(1, ...values) * 1.05;
  const step = [1, 2, 5, 10, 20, 50].find((each) => top / each <= 8) ?? 100;
  const ticks = Array.from({ length: Math.floor(top / step) + 1 }, (_, index) => index * step);
  return { share: (value) => value / top, ticks };
}

/** For what differs tenfold; ticks at round numbers of each power of ten. */
function logScale(values) {
  const low = Math.log10(Math.min(...values) * 0.9);
  const high = Math.log10(Math.max(...values) * 1.1);
  const ticks = [1, 1.5, 2, 3, 5, 7]
    .flatMap((digit) =>
      [1, 10, 100, 1_000, 10_000].map((power) => Math.round(digit * power * 10) / 10),
    )
    .filter((tick) => Math.log10(tick) >= low && Math.log10(tick) <= high);
  return { share: (value) => (Math.log10(value) - low) / (high - low || 1), ticks };
}

function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function one(value) {
  return Math.round(value * 10) / 10;
}

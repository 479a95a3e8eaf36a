// Reports are functions of raw results: the committed ones must be what the committed results give today.
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { plot } from './calls/calls-plot.mjs';
import { report } from './calls/calls-report.mjs';
import { summary } from './calls/summary.mjs';
import { render } from './density/density-report.mjs';
import { readBlock } from './src/documents.mjs';
import { against } from './src/reports/against-report.mjs';
import { childStart } from './src/reports/child-start-report.mjs';
import { isolation } from './src/reports/isolation-report.mjs';
import { reload } from './src/reports/reload-report.mjs';
import { silence } from './src/reports/silence-report.mjs';
import { vad } from './src/reports/vad-report.mjs';

const read = (path) => readFile(new URL(path, import.meta.url), 'utf8');
const results = async (path) => JSON.parse(await read(path));

test('calls: RESULTS.md, the plot and the summary in other documents', async () => {
  const run = await results('calls/results.json');
  expect(report(run)).toBe(await read('calls/RESULTS.md'));
  expect(plot(run.rows)).toBe(await read('calls/plot.svg'));
  for (const document of ['README.md', 'docs/speed.md'])
    expect(summary(run)).toBe(await readBlock(document, 'calls'));
});

test('density: RESULTS.md and the plot', async () => {
  const { page, svg } = render(await results('density/results.json'));
  expect(page).toBe(await read('density/RESULTS.md'));
  expect(svg).toBe(await read('density/density.svg'));
});

test.each([against, childStart, isolation, reload, silence, vad])(
  '$name: the block in $document',
  async ({ name, document, report: render_ }) => {
    const run = await results(`results/${name}.json`);
    expect(render_(run)).toBe(await readBlock(document, name));
  },
);

import { writeFile } from 'node:fs/promises';
import { markdownTable } from '../src/documents.mjs';
import { talkingFigures, searchFigures, stubFigures } from './figures.mjs';
import { headline, how, inWords, limitations, number } from './prose.mjs';
import { plot } from './density-plot.mjs';

/** Writes the report, the plot and the raw figures; with `print`, only prints the report. */
export async function writeReport(run, { print }) {
  const { page, svg } = render(run);
  if (print) {
    console.log(page);
    return;
  }
  const write = (name, content) => writeFile(new URL(name, import.meta.url), content);
  await write('RESULTS.md', page);
  await write('results.json', `${JSON.stringify(run, null, 2)}\n`);
  await write('density.svg', svg);
  console.log('Written: benchmarks/density/RESULTS.md, results.json, density.svg');
}

/** The report of a run and its plot. */
export function render(run) {
  const figures = {
    stubPss: stubFigures(run, 'touched', 'pssMb'),
    stubRss: stubFigures(run, 'touched', 'rssMb'),
    stubAllocated: stubFigures(run, 'allocated', 'pssMb'),
    talking: talkingFigures(run),
    search: searchFigures(run),
  };
  return { page: pageOf(run, figures), svg: plot(figures) };
}

function pageOf(run, figures) {
  const { stubPss, stubRss, stubAllocated, talking } = figures;
  return `${[
    '# Density: what sessions cost, by the number of sessions',
    'Written by the run; do not edit. Memory is in MiB. Figures are medians of the runs, with the lowest and highest value where they differ. PSS and RSS have separate tables: PSS divides a shared page among the processes that share it, RSS counts it in full for each of them.',
    headline(run, figures),
    '![PSS by the number of sessions](density.svg)',
    '## 5 MiB per session, no media, no model: PSS',
    stubTable(stubPss),
    '## The same: RSS',
    stubTable(stubRss),
    '## The same before anything is written to the 5 MiB: PSS',
    stubTable(stubAllocated),
    '## Real sessions with VAD and turns, no WebRTC: PSS',
    talkingTable(talking, [
      ['PSS', ({ pss }) => inWords(pss)],
      ['PSS, every buffer touched', ({ touched }) => inWords(touched)],
    ]),
    '## The same: RSS',
    markdownTable(
      ['sessions', 'RSS'],
      talking.map(({ sessions, rss }) => [sessions, inWords(rss)]),
    ),
    how(run, figures),
    limitations(run, figures),
  ].join('\n\n')}\n`;
}

function stubTable(figures) {
  const each = (value) => (value === undefined ? '–' : number(value, 1));
  return markdownTable(
    ['sessions', '`coroutine()`', 'per session', '`processes()`', 'per session', 'ratio'],
    figures.map((row) => [
      row.sessions,
      inWords(row.coroutine),
      each(row.coroutineEach),
      row.extrapolated === undefined
        ? inWords(row.process)
        : `*about ${number(row.extrapolated)}: extrapolated, not measured*`,
      each(row.processEach),
      row.coroutineEach === undefined || row.processEach === undefined
        ? '–'
        : number(row.process.median / row.coroutine.median, 1),
    ]),
  );
}

function talkingTable(talking, memory) {
  return markdownTable(
    [
      'sessions',
      'share of real time',
      ...memory.map(([name]) => name),
      'audio heard, s',
      'cores used',
      'event loop use',
      'lag p99, ms',
      'turn p50, ms',
      'turns answered',
      '',
    ],
    talking.map((row) => [
      row.sessions,
      inWords(row.fraction, 3),
      ...memory.map(([, of]) => of(row)),
      inWords(row.heard),
      inWords(row.cpuCores, 2),
      inWords(row.loopUse, 2),
      inWords(row.lagP99, 1),
      inWords(row.turnP50),
      row.turns.map(([answered, due]) => `${answered} of ${due}`).join(', ') || '–',
      remark(row),
    ]),
  );
}

function remark({ sessions, saturated, holds, runs, talked }) {
  const words = [];
  if (saturated) words.push('**saturated**');
  else if (!holds && runs > 0) words.push('over the limits');
  if (talked < sessions) words.push(`only ${talked} had a turn`);
  return words.join(', ');
}

import { markdownTable, runOf } from '../documents.mjs';
import { median } from '../statistics.mjs';

export const reload = { name: 'reload', document: 'docs/reload.md', report };

function report(run) {
  const { rows, startMs, othersCores } = run;
  const table = markdownTable(
    [
      'live calls',
      'saved',
      'compile, ms',
      'verify, ms',
      'commit, ms',
      'whole reload, ms',
      'event loop held, ms median / most',
    ],
    rows.map((row) => [
      row.calls,
      what(row, run),
      ...['compileMs', 'verifyMs', 'commitMs', 'wholeMs'].map((key) => figure(row, key)),
      held(row),
    ]),
  );
  const restart = `A restart of the same worker takes ${Math.round(median(startMs))} ms, from the start of its process until LiveKit knows it (median of ${startMs.length}), and the calls end with it or are waited for.`;
  return [
    `${runOf(run)} ${how(run)}`,
    table,
    `${restart} Other programs used ${othersCores} cores meanwhile.`,
  ].join('\n\n');
}

function what({ saved, first }, { agents, rounds }) {
  const files = saved === 'all' ? `all ${agents} agents and the helper` : 'the helper';
  return `${files}, ${first ? 'first reload' : `median of ${rounds}`}`;
}

function figure({ reloads }, key) {
  return Math.round(median(reloads.map((each) => each[key])));
}

/** That of the median reload, and of the worst. */
function held({ reloads }) {
  const most = Math.round(Math.max(...reloads.map(({ heldMs }) => heldMs)));
  return reloads.length === 1 ? most : `${figure({ reloads }, 'heldMs')} / ${most}`;
}

function how({ agents, lines, rows }) {
  const calls = Math.max(...rows.map((row) => row.calls));
  return `${agents} agents of ${lines} lines, with calls in the worker's process. The ${calls} calls are real ones, whose agents say nothing while the code changes. A reload begins 100 ms after the last save, and is not counted before. The event loop is watched in steps of 1 ms, for its longest pause from the begin of the reload until 20 ms after it.`;
}

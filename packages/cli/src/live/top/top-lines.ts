import type { WorkerReport } from '@openrtc/core/operate';

import type { Size } from '../../host.js';
import { cellText } from '../cell-text.js';
import { bytesText, counted } from '../figures.js';
import { tableLines } from '../fit-columns.js';
import { type Line, type Part, type Style, flow } from '../line.js';
import { fillScreen } from '../layout.js';
import { callColumns } from './call-columns.js';
import { type CallRow, callsOf } from './call-row.js';
import { selectCalls } from './select-calls.js';
import type { TopView } from './top-view.js';
import type { TopState, WatchedWorker } from './watched-workers.js';
import { workerParts } from './worker-parts.js';

/** A screen of `top`. */
export interface TopScreen {
  readonly lines: readonly Line[];
  /** The number of pages that the calls fill. */
  readonly pages: number;
}

// On a smaller screen these rows are for calls.
const MIN_ROWS_FOR_WORKERS = 6;
const MIN_ROWS_FOR_KEYS = 4;

const STYLES: Readonly<Partial<Record<CallRow['state'], Style>>> = {
  slow: 'warning',
  unanswered: 'warning',
  silent: 'faint',
};

/** The whole screen of `top`: as many lines as it has rows, none wider than its columns. */
export function topScreen(state: TopState, view: TopView, { columns, rows }: Size): TopScreen {
  const calls = callsOf(state.workers);
  const found = selectCalls(calls, { ...view, filter: view.typing ?? view.filter });
  const hasFoot = rows >= MIN_ROWS_FOR_KEYS;
  const head = [
    flow(topSummary(state, calls), columns),
    ...(rows >= MIN_ROWS_FOR_WORKERS ? workerLines(state, columns, Math.floor(rows / 3)) : []),
  ].slice(0, rows);
  // One row is for the titles.
  const perPage = Math.max(1, rows - head.length - Number(hasFoot) - 1);
  const pages = Math.max(1, Math.ceil(found.length / perPage));
  const page = Math.min(view.page, pages - 1);
  const shown = found.slice(page * perPage, (page + 1) * perPage);
  const body = callLines(shown, state, calls, columns);
  const pageText = `page ${page + 1} of ${pages}`;
  const foot = hasFoot ? [flow(footer(view, pageText, calls, found), columns)] : [];
  return { lines: fillScreen({ head, body, foot }, rows), pages };
}

/** The same as text for a file: everything on one page. */
export function topText(state: TopState, view: TopView, columns: number): readonly Line[] {
  const calls = callsOf(state.workers);
  return [
    flow(topSummary(state, calls), columns),
    ...workerLines(state, columns, Number.POSITIVE_INFINITY),
    [],
    ...callLines(selectCalls(calls, view), state, calls, columns),
  ];
}

function topSummary({ workers }: TopState, calls: readonly CallRow[]): readonly Part[] {
  const report = workers.find(({ state }) => state === 'live')?.report;
  const inState = (wanted: CallRow['state']): readonly Part[] => {
    const { length } = calls.filter(({ state }) => state === wanted);
    return length === 0 ? [] : [{ text: `${length} ${wanted}`, style: 'warning' }];
  };
  return [
    { text: 'openrtc top', style: 'strong' },
    counted(workers.filter(isThere).length, 'worker'),
    counted(calls.length, 'call'),
    ...inState('slow'),
    ...inState('unanswered'),
    ...(report === undefined ? [] : machineParts(report)),
  ];
}

function machineParts({ machine, worker }: WorkerReport): readonly Part[] {
  const { loadAverage, cores, memoryBytes, freeMemoryBytes } = machine;
  return [
    `load ${loadAverage.map((load) => load.toFixed(2)).join(' ')}`,
    counted(cores, 'core'),
    `mem ${bytesText(memoryBytes - freeMemoryBytes)} of ${bytesText(memoryBytes)}`,
    cellText(worker.host),
  ];
}

/** The problems and workers, at most `maxLines`; the rest is counted in the last line. */
function workerLines(
  { workers, problems, nowMs }: TopState,
  columns: number,
  maxLines: number,
): readonly Line[] {
  const lines = [
    ...problems.map((problem) => flow([{ text: cellText(problem), style: 'error' }], columns)),
    // Workers with problems must be among those shown.
    ...workers
      .toSorted((one, other) => Number(one.state === 'live') - Number(other.state === 'live'))
      .map((worker) => flow(workerParts(worker, nowMs), columns)),
  ];
  if (lines.length <= maxLines) return lines;
  const kept = Math.max(0, maxLines - 1);
  return [...lines.slice(0, kept), flow([`and ${lines.length - kept} more`], columns)];
}

const NO_WORKER = 'No worker of this user runs on this machine.';

function callLines(
  shown: readonly CallRow[],
  { workers }: TopState,
  calls: readonly CallRow[],
  columns: number,
): readonly Line[] {
  if (shown.length > 0)
    return tableLines(callColumns, shown, columns, ({ state }) => STYLES[state]);
  if (calls.length > 0) return [flow(['No call matches the filter.'], columns)];
  return [flow([workers.some(isThere) ? 'No calls.' : NO_WORKER], columns)];
}

function footer(
  { sort, reversed, filter, typing }: TopView,
  page: string,
  calls: readonly CallRow[],
  found: readonly CallRow[],
): readonly Part[] {
  if (typing !== undefined)
    return [
      { text: `filter: ${cellText(typing)}_`, style: 'strong' },
      'Enter applies it, Esc cancels',
    ];
  const of = found.length === calls.length ? '' : ` (${found.length} of ${calls.length})`;
  return [
    'q quit',
    `s sort: ${sort}${reversed ? ' reversed' : ''}`,
    'r reverse',
    filter === '' ? '/ filter' : { text: `/ filter: ${cellText(filter)}${of}`, style: 'strong' },
    `n p ${page}`,
    ...(calls.some(({ basis }) => basis === 'shared') ? ['~ an equal part of its process'] : []),
  ];
}

function isThere({ state }: WatchedWorker): boolean {
  return state !== 'gone';
}

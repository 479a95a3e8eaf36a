import type { WorkerReport } from '@openrtc/core/operate';

import { cellText } from '../cell-text.js';
import { bytesText, counted } from '../figures.js';
import { tableLines } from '../fit-columns.js';
import { type Line, type Part, type Style, flow } from '../line.js';
import type { Size } from '../live-host.js';
import { callColumns } from './call-columns.js';
import { type CallRow, callsOf } from './call-row.js';
import { selectCalls } from './select-calls.js';
import type { TopView } from './top-view.js';
import type { WatchedWorker } from './watched-workers.js';
import { workerParts } from './worker-parts.js';

/** What there is to show. */
export interface TopState {
  readonly workers: readonly WatchedWorker[];
  /** Folders that were not looked into, and why. */
  readonly problems: readonly string[];
  /** The time of the looks, see {@link WatchedWorker}. */
  readonly nowMs: number;
}

/** What there is on a screen. */
export interface TopScreen {
  readonly lines: readonly Line[];
  readonly pages: number;
}

// With fewer rows the calls need them more.
const ROWS_FOR_WORKERS = 6;
const ROWS_FOR_KEYS = 4;

const STYLES: Readonly<Partial<Record<CallRow['state'], Style>>> = {
  slow: 'warning',
  silent: 'faint',
};

/** The whole screen of `top`: as many lines as it has rows, and none wider than it is. */
export function topScreen(state: TopState, view: TopView, { columns, rows }: Size): TopScreen {
  const calls = callsOf(state.workers);
  const found = selectCalls(calls, { ...view, filter: view.typing ?? view.filter });
  const keys = rows >= ROWS_FOR_KEYS ? 1 : 0;
  const head = [
    flow(summary(state, calls), columns),
    ...(rows >= ROWS_FOR_WORKERS ? workerLines(state, columns, Math.floor(rows / 3)) : []),
  ].slice(0, rows);
  const room = Math.max(0, rows - head.length - keys);
  const perPage = Math.max(1, room - 1);
  const pages = Math.max(1, Math.ceil(found.length / perPage));
  const page = Math.min(view.page, pages - 1);
  const shown = found.slice(page * perPage, (page + 1) * perPage);
  const body = callLines(shown, state, calls, columns).slice(0, room);
  const blank = Array.from({ length: room - body.length }, (): Line => []);
  const of = `page ${page + 1} of ${pages}`;
  const foot = keys === 0 ? [] : [flow(footer(view, of, calls, found), columns)];
  return { lines: [...head, ...body, ...blank, ...foot], pages };
}

/** The same for a file: everything, on one page. */
export function topText(state: TopState, view: TopView, columns: number): readonly Line[] {
  const calls = callsOf(state.workers);
  return [
    flow(summary(state, calls), columns),
    ...workerLines(state, columns, Number.POSITIVE_INFINITY),
    [],
    ...callLines(selectCalls(calls, view), state, calls, columns),
  ];
}

function summary({ workers }: TopState, calls: readonly CallRow[]): readonly Part[] {
  const told = workers.find(({ state }) => state === 'live')?.report;
  const slow = calls.filter(({ state }) => state === 'slow').length;
  return [
    { text: 'openrtc top', style: 'strong' },
    counted(workers.filter(isThere).length, 'worker'),
    counted(calls.length, 'call'),
    ...(slow > 0 ? [{ text: `${slow} slow`, style: 'warning' } as const] : []),
    ...(told === undefined ? [] : machineParts(told)),
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

/** Workers, and what kept us from looking for them. Those without a place are counted. */
function workerLines(
  { workers, problems, nowMs }: TopState,
  columns: number,
  most: number,
): readonly Line[] {
  const lines = [
    ...problems.map((problem) => flow([{ text: cellText(problem), style: 'error' }], columns)),
    // Those that something is wrong with must not be the ones without a place.
    ...workers
      .toSorted((one, other) => Number(one.state === 'live') - Number(other.state === 'live'))
      .map((worker) => flow(workerParts(worker, nowMs), columns)),
  ];
  if (lines.length <= most) return lines;
  const kept = Math.max(0, most - 1);
  return [...lines.slice(0, kept), flow([`and ${lines.length - kept} more`], columns)];
}

function callLines(
  shown: readonly CallRow[],
  { workers }: TopState,
  calls: readonly CallRow[],
  columns: number,
): readonly Line[] {
  if (shown.length > 0)
    return tableLines(callColumns, shown, columns, ({ state }) => STYLES[state]);
  if (calls.length > 0) return [flow(['No call fits the filter.'], columns)];
  return [flow([workers.some(isThere) ? 'No calls.' : NO_WORKER], columns)];
}

/** What is said when there is nobody to ask. */
const NO_WORKER = 'No worker of this user runs on this machine.';

function footer(
  { sort, reversed, filter, typing }: TopView,
  page: string,
  calls: readonly CallRow[],
  found: readonly CallRow[],
): readonly Part[] {
  if (typing !== undefined)
    return [{ text: `filter: ${cellText(typing)}_`, style: 'strong' }, 'Enter keeps it, Esc not'];
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

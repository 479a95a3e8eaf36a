import type { Size } from '../../host.js';
import { cellText } from '../cell-text.js';
import { counted, rankedCounts } from '../figures.js';
import { tableLines } from '../fit-columns.js';
import type { FollowedFile } from '../followed-file.js';
import { bodyRows, fillScreen } from '../layout.js';
import { type Line, type Part, type Style, flow } from '../line.js';
import { eventColumns, workerColumns } from './metrics-columns.js';
import type { MetricsState, SeenEvent, SeenWorker } from './metrics-state.js';

/** The state of the metrics file itself. */
export type MetricsSource = Pick<FollowedFile, 'path' | 'exists' | 'broken' | 'restarts'>;

// The titles and a blank line of each table.
const TABLE_ROWS = 2;
const MIN_EVENTS = 3;
const MAX_EVENTS_AS_TEXT = 20;

const EVENT_STYLES: ReadonlyMap<string, Style> = new Map([
  ['session_failed', 'error'],
  ['session_reload_undone', 'warning'],
  ['metrics_stream_overflow', 'warning'],
]);

/** The whole screen of `tui`: as many lines as it has rows, none wider than its columns. */
export function metricsScreen(
  state: MetricsState,
  source: MetricsSource,
  { columns, rows }: Size,
): readonly Line[] {
  const head = headLines(state, source, columns).slice(0, rows);
  const foot = rows > head.length ? [flow(['q quit'], columns)] : [];
  const room = bodyRows({ head, foot }, rows);
  const forEvents = Math.min(
    state.events.length + TABLE_ROWS,
    Math.max(MIN_EVENTS + TABLE_ROWS, Math.floor(room / 2)),
  );
  const workers = workerTable(state.workers, columns, room - forEvents).slice(0, room);
  const events = eventTable(state.events, columns, room - workers.length);
  return fillScreen({ head, body: [...workers, ...events], foot }, rows);
}

/** The same as text for a file. */
export function metricsText(
  state: MetricsState,
  source: MetricsSource,
  columns: number,
): readonly Line[] {
  return [
    ...headLines(state, source, columns),
    ...workerTable(state.workers, columns, Number.POSITIVE_INFINITY),
    ...eventTable(state.events, columns, MAX_EVENTS_AS_TEXT + TABLE_ROWS),
  ];
}

/** One event as a line of text. */
export function eventLine({ at, event, worker, agent, tenant, jobId, detail }: SeenEvent): string {
  const date = new Date(at);
  const time = Number.isNaN(date.getTime()) ? '?' : date.toISOString();
  return [time, ...[event, worker, agent, tenant, jobId, detail].map(cellText)]
    .filter(Boolean)
    .join('  ');
}

/** Lines that are not metrics of this version, by kind, as text. Kinds without a line are left out. */
export function skippedLines(
  { newer, newestVersion, notJson, foreign }: MetricsState,
  { broken }: MetricsSource,
): ReadonlyMap<string, string> {
  const all = [
    ['newer', newer, `of version ${newestVersion}, which needs a newer openrtc`],
    ['notJson', notJson, 'not JSON'],
    ['foreign', foreign, 'not OpenRTC metrics'],
    ['broken', broken, 'cut off'],
  ] as const;
  return new Map(
    all.flatMap(([kind, count, what]) =>
      count === 0 ? [] : [[kind, `${counted(count, 'line')} ${what}`] as const],
    ),
  );
}

function headLines(state: MetricsState, source: MetricsSource, columns: number): readonly Line[] {
  const { workers } = state;
  const wrong = [...skippedLines(state, source).values()];
  const error = workers.at(-1)?.snapshot?.lastError;
  return [
    flow(metricsSummary(workers, source), columns),
    ...(wrong.length > 0 ? [flow([{ text: wrong.join('; '), style: 'warning' }], columns)] : []),
    ...(workers.length > 0 ? [flow(agentParts(workers), columns)] : []),
    ...(error ? [flow([{ text: `last error: ${cellText(error)}`, style: 'error' }], columns)] : []),
  ];
}

function metricsSummary(
  workers: readonly SeenWorker[],
  { path, exists, restarts }: MetricsSource,
): readonly Part[] {
  const name = { text: 'openrtc tui', style: 'strong' } as const;
  if (!exists) return [name, 'waiting for', cellText(path)];
  const sum = (figure: 'active' | 'started' | 'failed') =>
    workers.reduce((all, { snapshot }) => all + (snapshot?.[figure] ?? 0), 0);
  const running = workers.filter(({ snapshot }) => snapshot?.state !== 'closed');
  const lost = workers.reduce((all, { missing }) => all + missing, 0);
  return [
    name,
    counted(running.length, 'worker'),
    counted(sum('active'), 'call'),
    `${sum('started')} started`,
    `${sum('failed')} failed`,
    ...(lost > 0 ? [{ text: `${counted(lost, 'line')} lost`, style: 'warning' } as const] : []),
    ...(restarts > 0 ? [`restarted ${restarts}x`] : []),
    cellText(path),
  ];
}

function agentParts(workers: readonly SeenWorker[]): readonly Part[] {
  const byAgent = new Map<string, number>();
  for (const { snapshot } of workers)
    for (const [agent, calls] of snapshot?.byAgent ?? [])
      byAgent.set(agent, (byAgent.get(agent) ?? 0) + calls);
  const parts = rankedCounts(byAgent, cellText);
  const route = workers.at(-1)?.snapshot?.lastRoutedAgent;
  return [
    'calls by agent:',
    ...(parts.length === 0 ? ['none'] : parts),
    ...(route ? [`last route: ${cellText(route)}`] : []),
  ];
}

/** The workers that wrote last come first. */
function workerTable(
  workers: readonly SeenWorker[],
  columns: number,
  maxLines: number,
): readonly Line[] {
  if (workers.length === 0) return [];
  const shown = workers.toReversed().slice(0, Math.max(1, maxLines - TABLE_ROWS));
  const style = ({ snapshot }: SeenWorker) => (snapshot?.state === 'closed' ? 'faint' : undefined);
  return [[], ...tableLines(workerColumns, shown, columns, style)];
}

function eventTable(
  events: readonly SeenEvent[],
  columns: number,
  maxLines: number,
): readonly Line[] {
  if (events.length === 0) return [];
  const shown = events.slice(-Math.max(1, maxLines - TABLE_ROWS));
  return [[], ...tableLines(eventColumns, shown, columns, ({ event }) => EVENT_STYLES.get(event))];
}

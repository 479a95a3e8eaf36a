import { cellText } from '../cell-text.js';
import { counted } from '../figures.js';
import { tableLines } from '../fit-columns.js';
import { type Line, type Part, type Style, flow } from '../line.js';
import type { Size } from '../live-host.js';
import { eventColumns, workerColumns } from './metrics-columns.js';
import type { MetricsState, SeenEvent, SeenWorker } from './metrics-state.js';

/** What is known of the file itself. */
export interface MetricsSource {
  readonly path: string;
  readonly there: boolean;
  /** Lines of which the end never came, or that are too long. */
  readonly broken: number;
  /** How often it was moved away or emptied while it was read. */
  readonly restarts: number;
}

// Titles and a blank line stand around each table.
const AROUND = 2;
const FEWEST_EVENTS = 3;
const EVENTS_OF_TEXT = 20;

const EVENT_STYLES: ReadonlyMap<string, Style> = new Map([
  ['session_failed', 'error'],
  ['metrics_stream_overflow', 'warning'],
]);

/** The whole screen of `tui`: as many lines as it has rows, and none wider than it is. */
export function metricsScreen(
  state: MetricsState,
  source: MetricsSource,
  { columns, rows }: Size,
): readonly Line[] {
  const head = headLines(state, source, columns).slice(0, rows);
  const foot = rows > head.length ? [flow(['q quit'], columns)] : [];
  const room = rows - head.length - foot.length;
  const forEvents = Math.min(
    state.events.length + AROUND,
    Math.max(FEWEST_EVENTS + AROUND, Math.floor(room / 2)),
  );
  const workers = workerTable(state.workers, columns, room - forEvents).slice(0, room);
  const left = room - workers.length;
  const events = eventTable(state.events, columns, left).slice(0, left);
  const blank = Array.from({ length: left - events.length }, (): Line => []);
  return [...head, ...workers, ...events, ...blank, ...foot];
}

/** The same for a file. */
export function metricsText(
  state: MetricsState,
  source: MetricsSource,
  columns: number,
): readonly Line[] {
  return [
    ...headLines(state, source, columns),
    ...workerTable(state.workers, columns, Number.POSITIVE_INFINITY),
    ...eventTable(state.events, columns, EVENTS_OF_TEXT + AROUND),
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

/** What was in the file besides metrics of this version, by kind. */
export function troubles(
  { newer, newestVersion, notJson, foreign }: MetricsState,
  { broken }: MetricsSource,
): ReadonlyMap<string, string> {
  const all = [
    ['newer', newer, `of version ${newestVersion}, which a newer openrtc reads`],
    ['notJson', notJson, 'no JSON'],
    ['foreign', foreign, 'no metrics of OpenRTC'],
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
  const wrong = [...troubles(state, source).values()];
  const error = workers.at(-1)?.snapshot?.lastError;
  return [
    flow(summary(workers, source), columns),
    ...(wrong.length > 0 ? [flow([{ text: wrong.join('; '), style: 'warning' }], columns)] : []),
    ...(workers.length > 0 ? [flow(agentParts(workers), columns)] : []),
    ...(error ? [flow([{ text: `last error: ${cellText(error)}`, style: 'error' }], columns)] : []),
  ];
}

function summary(
  workers: readonly SeenWorker[],
  { path, there, restarts }: MetricsSource,
): readonly Part[] {
  const name = { text: 'openrtc tui', style: 'strong' } as const;
  if (!there) return [name, 'waits for', cellText(path)];
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
    ...(restarts > 0 ? [`begun anew ${restarts}x`] : []),
    cellText(path),
  ];
}

function agentParts(workers: readonly SeenWorker[]): readonly Part[] {
  const byAgent = new Map<string, number>();
  for (const { snapshot } of workers)
    for (const [agent, calls] of snapshot?.byAgent ?? [])
      byAgent.set(agent, (byAgent.get(agent) ?? 0) + calls);
  const parts = [...byAgent]
    .toSorted(([one, some], [other, more]) => more - some || (one < other ? -1 : 1))
    .map(([agent, calls]) => `${cellText(agent)} ${calls}`);
  const route = workers.at(-1)?.snapshot?.lastRoutedAgent;
  return [
    'calls by agent:',
    ...(parts.length === 0 ? ['none'] : parts),
    ...(route ? [`last route: ${cellText(route)}`] : []),
  ];
}

/** Those that wrote last come first. */
function workerTable(
  workers: readonly SeenWorker[],
  columns: number,
  most: number,
): readonly Line[] {
  if (workers.length === 0) return [];
  const shown = workers.toReversed().slice(0, Math.max(1, most - AROUND));
  const style = ({ snapshot }: SeenWorker) => (snapshot?.state === 'closed' ? 'faint' : undefined);
  return [[], ...tableLines(workerColumns, shown, columns, style)];
}

function eventTable(events: readonly SeenEvent[], columns: number, most: number): readonly Line[] {
  if (events.length === 0) return [];
  const shown = events.slice(-Math.max(1, most - AROUND));
  return [[], ...tableLines(eventColumns, shown, columns, ({ event }) => EVENT_STYLES.get(event))];
}

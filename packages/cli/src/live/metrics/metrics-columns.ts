import { UNKNOWN, bytesText, clockText, durationText, millisText, orUnknown } from '../figures.js';
import type { Column } from '../fit-columns.js';
import type { SeenEvent, SeenSnapshot, SeenWorker } from './metrics-state.js';

/** The columns of the workers of a metrics file. */
export const workerColumns: readonly Column<SeenWorker>[] = [
  { title: 'WORKER', text: ({ worker }) => worker, least: 12, most: 40, rank: 0 },
  { title: 'STATE', text: of(({ state }) => state ?? UNKNOWN), least: 8, most: 8, rank: 2 },
  { title: 'MODE', text: of(({ isolation }) => isolation ?? UNKNOWN), least: 7, most: 9, rank: 9 },
  { title: 'CALLS', text: of(callsText), least: 5, most: 11, rank: 1, align: 'right' },
  figure('STARTED', 7, 4, ({ started }) => orUnknown(started, String)),
  figure('FAILED', 6, 3, ({ failed }) => orUnknown(failed, String)),
  figure('MEM', 6, 6, ({ residentBytes }) => orUnknown(residentBytes, bytesText)),
  figure('LAG', 6, 7, ({ lagMs }) => orUnknown(lagMs, millisText)),
  figure('UP', 6, 8, ({ uptimeSeconds }) => orUnknown(uptimeSeconds, durationText)),
  { title: 'LAST LINE', text: ({ lastAt }) => clockText(lastAt), least: 9, most: 9, rank: 5 },
  {
    title: 'LOST',
    text: ({ missing }) => String(missing),
    least: 4,
    most: 8,
    rank: 10,
    align: 'right',
  },
];

/** The columns of what happened. */
export const eventColumns: readonly Column<SeenEvent>[] = [
  { title: 'TIME', text: ({ at }) => clockText(at), least: 8, most: 8, rank: 1 },
  { title: 'EVENT', text: ({ event }) => event, least: 16, most: 24, rank: 0 },
  { title: 'AGENT', text: ({ agent }) => agent, least: 8, most: 24, rank: 2 },
  { title: 'TENANT', text: ({ tenant }) => tenant, least: 6, most: 16, rank: 5 },
  { title: 'JOB', text: ({ jobId }) => jobId, least: 15, most: 20, rank: 4 },
  { title: 'DETAIL', text: ({ detail }) => detail, least: 12, most: 80, rank: 3 },
];

function figure(
  title: string,
  width: number,
  rank: number,
  text: (snapshot: SeenSnapshot) => string,
): Column<SeenWorker> {
  return { title, text: of(text), least: width, most: width, rank, align: 'right' };
}

function of(text: (snapshot: SeenSnapshot) => string): (worker: SeenWorker) => string {
  return ({ snapshot }) => (snapshot === undefined ? UNKNOWN : text(snapshot));
}

function callsText({ active, max }: SeenSnapshot): string {
  return `${orUnknown(active, String)}/${orUnknown(max, String)}`;
}

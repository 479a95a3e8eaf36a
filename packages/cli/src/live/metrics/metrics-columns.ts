import { UNKNOWN, bytesText, clockText, durationText, millisText, orUnknown } from '../figures.js';
import { type Column, figureColumn, textColumn } from '../fit-columns.js';
import type { SeenEvent, SeenSnapshot, SeenWorker } from './metrics-state.js';

/** The columns of the workers in a metrics file. */
export const workerColumns: readonly Column<SeenWorker>[] = [
  textColumn('WORKER', [12, 40], 0, ({ worker }) => worker),
  textColumn(
    'STATE',
    [8, 8],
    2,
    ofSnapshot(({ state }) => state ?? UNKNOWN),
  ),
  textColumn(
    'MODE',
    [7, 9],
    9,
    ofSnapshot(({ isolation }) => isolation ?? UNKNOWN),
  ),
  figureColumn('CALLS', [5, 11], 1, ofSnapshot(callsText)),
  figure('STARTED', 7, 4, ({ started }) => orUnknown(started, String)),
  figure('FAILED', 6, 3, ({ failed }) => orUnknown(failed, String)),
  figure('MEM', 6, 6, ({ residentBytes }) => orUnknown(residentBytes, bytesText)),
  figure('LAG', 6, 7, ({ lagMs }) => orUnknown(lagMs, millisText)),
  figure('UP', 6, 8, ({ uptimeMs }) => orUnknown(uptimeMs, durationText)),
  textColumn('LAST LINE', [9, 9], 5, ({ lastAt }) => clockText(lastAt)),
  figureColumn('LOST', [4, 8], 10, ({ missing }) => String(missing)),
];

/** The columns of the events in a metrics file. */
export const eventColumns: readonly Column<SeenEvent>[] = [
  textColumn('TIME', [8, 8], 1, ({ at }) => clockText(at)),
  textColumn('EVENT', [16, 24], 0, ({ event }) => event),
  textColumn('AGENT', [8, 24], 2, ({ agent }) => agent),
  textColumn('TENANT', [6, 16], 5, ({ tenant }) => tenant),
  textColumn('JOB', [15, 20], 4, ({ jobId }) => jobId),
  textColumn('DETAIL', [12, 80], 3, ({ detail }) => detail),
];

function figure(
  title: string,
  width: number,
  rank: number,
  text: (snapshot: SeenSnapshot) => string,
): Column<SeenWorker> {
  return figureColumn(title, [width, width], rank, ofSnapshot(text));
}

function ofSnapshot(text: (snapshot: SeenSnapshot) => string): (worker: SeenWorker) => string {
  return ({ snapshot }) => (snapshot === undefined ? UNKNOWN : text(snapshot));
}

function callsText({ active, max }: SeenSnapshot): string {
  return `${orUnknown(active, String)}/${orUnknown(max, String)}`;
}

import { type LoopBlock, placeText } from '@openrtc/core/operate';

import {
  UNKNOWN,
  bytesText,
  durationText,
  millisText,
  orUnknown,
  percentText,
} from '../figures.js';
import type { Column } from '../fit-columns.js';
import type { CallRow } from './call-row.js';

const MARKS: Readonly<Partial<Record<CallRow['state'], string>>> = { slow: '!', silent: '?' };

/** The columns of `top`, in their order from left to right. */
export const callColumns: readonly Column<CallRow>[] = [
  { title: ' ', text: ({ state }) => MARKS[state] ?? '', least: 1, most: 1, rank: 0 },
  { title: 'AGENT', text: ({ agent }) => agent, least: 8, most: 24, rank: 1 },
  { title: 'TENANT', text: ({ tenant }) => tenant, least: 6, most: 16, rank: 11 },
  { title: 'ROOM', text: ({ room }) => room, least: 8, most: 40, rank: 5 },
  {
    title: 'TIME',
    text: ({ durationSeconds }) => durationText(durationSeconds),
    align: 'right',
    least: 6,
    most: 6,
    rank: 3,
  },
  {
    title: 'CPU',
    text: (call) => part(call, orUnknown(call.cpuPercent, percentText)),
    align: 'right',
    least: 5,
    most: 5,
    rank: 6,
  },
  {
    title: 'MEM',
    text: (call) => part(call, orUnknown(call.memoryBytes, bytesText)),
    align: 'right',
    least: 6,
    most: 6,
    rank: 7,
  },
  { title: 'OF', text: ({ basis }) => basis ?? UNKNOWN, least: 6, most: 6, rank: 9 },
  { title: 'STATE', text: ({ state }) => state, least: 7, most: 7, rank: 2 },
  {
    title: 'BLOCKS',
    text: ({ blocks }) => String(blocks),
    align: 'right',
    least: 6,
    most: 6,
    rank: 8,
  },
  {
    title: 'LAST BLOCK',
    text: ({ lastBlock }) => (lastBlock === null ? '' : blockText(lastBlock)),
    least: 16,
    most: 56,
    rank: 4,
  },
  {
    title: 'PROCESS',
    text: ({ pid }) => (pid === null ? UNKNOWN : String(pid)),
    align: 'right',
    least: 7,
    most: 7,
    rank: 10,
  },
  {
    title: 'WORKER',
    text: ({ workerPid }) => String(workerPid),
    align: 'right',
    least: 7,
    most: 7,
    rank: 12,
  },
  { title: 'JOB', text: ({ jobId }) => jobId, least: 15, most: 20, rank: 13 },
];

/** `320ms lookUp (tools.js:12)`: the place is that of the user's code, where it was seen. */
function blockText({ durationMs, cause, culprit, stack }: LoopBlock): string {
  const place = culprit ?? stack[0];
  const where = place === undefined ? `(${cause})` : placeText(place);
  return `${millisText(durationMs)} ${where}`;
}

// The sign stands with the figure: the column that says so in words may be gone.
function part({ basis }: CallRow, figure: string): string {
  return basis === 'shared' && figure !== UNKNOWN ? `~${figure}` : figure;
}

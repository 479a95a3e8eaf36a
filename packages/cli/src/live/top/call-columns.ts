import { type LoopBlock, placeText } from '@openrtc/core/operate';

import {
  UNKNOWN,
  bytesText,
  durationText,
  millisText,
  orUnknown,
  percentText,
} from '../figures.js';
import { type Column, figureColumn, textColumn } from '../fit-columns.js';
import { type CallRow, placeOf } from './call-row.js';

const MARKS: Readonly<Partial<Record<CallRow['state'], string>>> = { slow: '!', silent: '?' };

/** The columns of `top`, from left to right. */
export const callColumns: readonly Column<CallRow>[] = [
  textColumn(' ', [1, 1], 0, ({ state }) => MARKS[state] ?? ''),
  textColumn('AGENT', [8, 24], 1, ({ agent }) => agent),
  textColumn('TENANT', [6, 16], 11, ({ tenant }) => tenant),
  textColumn('ROOM', [8, 40], 5, ({ room }) => room),
  figureColumn('TIME', [6, 6], 3, ({ durationMs }) => durationText(durationMs)),
  figureColumn('CPU', [5, 5], 6, (call) => share(call, orUnknown(call.cpuPercent, percentText))),
  figureColumn('MEM', [6, 6], 7, (call) => share(call, orUnknown(call.memoryBytes, bytesText))),
  textColumn('OF', [6, 6], 9, ({ basis }) => basis ?? UNKNOWN),
  textColumn('STATE', [7, 7], 2, ({ state }) => state),
  figureColumn('BLOCKS', [6, 6], 8, ({ blocks }) => String(blocks)),
  textColumn('LAST BLOCK', [16, 56], 4, ({ lastBlock }) =>
    lastBlock === null ? '' : blockText(lastBlock),
  ),
  figureColumn('PROCESS', [7, 7], 10, ({ pid }) => orUnknown(pid, String)),
  figureColumn('WORKER', [7, 7], 12, ({ workerPid }) => String(workerPid)),
  textColumn('JOB', [15, 20], 13, ({ jobId }) => jobId),
];

/** `320ms lookUp (tools.js:12)`: how long, and the place in the user's code where it is known. */
function blockText(block: LoopBlock): string {
  const place = placeOf(block);
  const where = place === undefined ? `(${block.cause})` : placeText(place);
  return `${millisText(block.durationMs)} ${where}`;
}

// The mark is part of the figure: the column OF may have been left out.
function share({ basis }: CallRow, figure: string): string {
  return basis === 'shared' && figure !== UNKNOWN ? `~${figure}` : figure;
}

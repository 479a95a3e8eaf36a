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

const MARKS: Readonly<Partial<Record<CallRow['state'], string>>> = {
  slow: '!',
  unanswered: '!',
  silent: '?',
};

/** The columns of `top`, from left to right. */
export const callColumns: readonly Column<CallRow>[] = [
  textColumn(' ', [1, 1], 0, ({ state }) => MARKS[state] ?? ''),
  textColumn('AGENT', [8, 24], 1, ({ agent }) => agent),
  textColumn('TENANT', [6, 16], 13, ({ tenant }) => tenant),
  textColumn('ROOM', [8, 40], 6, ({ room }) => room),
  figureColumn('TIME', [6, 6], 3, ({ durationMs }) => durationText(durationMs)),
  textColumn('STATE', [7, 10], 2, ({ state }) => state),
  figureColumn('TURNS', [5, 7], 4, turnsText),
  { ...textColumn('ERRORS', [7, 28], 7, faultsText), optional: true },
  figureColumn('CPU', [5, 5], 8, (call) => share(call, orUnknown(call.cpuPercent, percentText))),
  figureColumn('MEM', [6, 6], 9, (call) => share(call, orUnknown(call.memoryBytes, bytesText))),
  textColumn('OF', [6, 6], 11, ({ basis }) => basis ?? UNKNOWN),
  figureColumn('BLOCKS', [6, 6], 10, ({ blocks }) => String(blocks)),
  textColumn('LAST BLOCK', [16, 56], 5, ({ lastBlock }) =>
    lastBlock === null ? '' : blockText(lastBlock),
  ),
  { ...figureColumn('CODE', [4, 6], 16, codeText), optional: true },
  figureColumn('PROCESS', [7, 7], 12, ({ pid }) => orUnknown(pid, String)),
  figureColumn('WORKER', [7, 7], 14, ({ workerPid }) => String(workerPid)),
  textColumn('JOB', [15, 20], 15, ({ jobId }) => jobId),
];

/** The number of the reload that its code came with; empty before any. */
function codeText({ generation }: CallRow): string {
  return generation > 0 ? String(generation) : '';
}

/** `3/5`: answered, of those the caller has asked. */
function turnsText({ turns: { asked, answered, interrupted } }: CallRow): string {
  // The caller has heard at least the beginning of an answer that was interrupted.
  return `${answered + interrupted}/${asked}`;
}

/** `llm 401 x3, tool x1`: what has failed in the call, the first first. */
function faultsText({ faults: { hookErrors, toolErrors, providers } }: CallRow): string {
  const counts = new Map<string, number>();
  for (const { kind, code, count } of providers)
    counts.set(`${kind} ${code}`, (counts.get(`${kind} ${code}`) ?? 0) + count);
  if (hookErrors > 0) counts.set('hook', hookErrors);
  if (toolErrors > 0) counts.set('tool', toolErrors);
  return [...counts].map(([what, count]) => `${what} x${count}`).join(', ');
}

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

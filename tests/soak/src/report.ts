import { textTable } from '@openrtc/test-rig';

import type { Check, Readings } from './checks.js';
import { type Reading, total } from './reading.js';

type Row = readonly [what: string, value: (reading: Reading) => string];

const ROWS: readonly Row[] = [
  ['calls so far', (reading) => `${reading.sessionsStarted}`],
  ['PSS, MB', (reading) => reading.pssMb.toFixed(1)],
  ['PSS without files, MB', (reading) => reading.pssAnonMb.toFixed(1)],
  ['JS heap, MB', (reading) => reading.heapMb.toFixed(1)],
  ['external, MB', (reading) => reading.externalMb.toFixed(1)],
  ['ffi_event listeners', (reading) => `${reading.ffiListeners}`],
  ['process listeners', (reading) => `${total(reading.processListeners)}`],
  ['timers', (reading) => `${reading.resources['Timeout'] ?? 0}`],
  ['active resources', (reading) => `${total(reading.resources)}`],
  ['open files', (reading) => `${total(reading.files)}`],
  ['threads', (reading) => `${reading.threads}`],
  ['processes started', (reading) => `${reading.children.length}`],
  ['session folders', (reading) => `${reading.sessionFolders}`],
  ['Room objects', (reading) => `${reading.objects['Room'] ?? 0}`],
  ['JobContext objects', (reading) => `${reading.objects['JobContext'] ?? 0}`],
  ['AgentSession objects', (reading) => `${reading.objects['AgentSession'] ?? 0}`],
];

/** A table of the readings, and a line for each promise. */
export function table({ before, half, all, quiet }: Readings, checks: readonly Check[]): string {
  const columns = ['before', 'half', 'all', 'quiet'].map((title) => ({
    title,
    align: 'right' as const,
  }));
  const rows = ROWS.map(([what, value]) => [what, ...[before, half, all, quiet].map(value)]);
  const lines = textTable([{ title: 'after gc' }, ...columns], rows);
  const verdicts = checks.map(
    ({ promise, kept, found }) => `${kept ? 'kept  ' : 'BROKEN'}  ${promise}: ${found}`,
  );
  return [...lines, '', ...verdicts].join('\n');
}

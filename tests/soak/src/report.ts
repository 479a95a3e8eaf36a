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

/** The readings side by side, then each promise and whether it was kept. */
export function table({ before, half, all, quiet }: Readings, checks: readonly Check[]): string {
  const columns = [before, half, all, quiet];
  const head = ['after gc', 'before', 'half', 'all', 'quiet'];
  const rows = [head, ...ROWS.map(([what, value]) => [what, ...columns.map(value)])];
  const widths = head.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  '),
  );
  const verdicts = checks.map(
    ({ promise, kept, found }) => `${kept ? 'kept  ' : 'BROKEN'}  ${promise}: ${found}`,
  );
  return [...lines, '', ...verdicts].join('\n');
}

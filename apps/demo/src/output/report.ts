import type { CallsResult } from '../calls/make-calls.js';
import type { CallResult } from '../calls/place-call.js';
import { inWords, wordsOf } from '../calls/plan.js';
import { seconds } from './live.js';
import { paint } from './paint.js';
import { table } from './table.js';

/** All calls in one table. */
export function callTable(calls: readonly CallResult[]): string {
  const spoken = calls.some(({ heard }) => heard?.audio !== undefined);
  const columns = [
    { title: '#', align: 'right' as const },
    { title: 'agent' },
    { title: 'chosen by' },
    { title: 'caller said', maxWidth: 26 },
    { title: 'agent said', maxWidth: 32 },
    { title: spoken ? 'heard ms' : 'heard', align: 'right' as const },
    { title: 'ended as' },
  ];
  const rows = calls.map(({ planned, agent, rule, heard, words, outcome }) => [
    `${planned.number}`,
    agent ?? 'nobody',
    rule === undefined ? '-' : inWords(rule, planned.metadata),
    words.find(({ from }) => from === 'caller')?.text ?? `(${wordsOf(planned)})`,
    heard?.reply ?? '-',
    heard?.audio === undefined ? 'text' : `${Math.round(heard.audio.heardMs)}`,
    heard?.recordedAs ?? outcome?.status ?? '-',
  ]);
  const [titles, rule, ...lines] = table(columns, rows);
  return [paint('bold', titles ?? ''), rule, ...lines].join('\n');
}

/** Memory and CPU time of the worker. */
export function usage({ memory, cpu, mostAtOnce, callsTookMs, calls }: CallsResult): string {
  const { kind, idle, peak, after } = memory;
  const each = (peak - idle) / Math.max(1, mostAtOnce);
  return [
    paint('bold', 'The one worker process, measured just now on this machine'),
    `  memory (${kind})  ${megabytes(idle)} idle, before the first call`,
    `                ${megabytes(peak)} at the peak, with ${mostAtOnce} live calls`,
    `                ${megabytes(each)} for each live call: (peak - idle) / ${mostAtOnce}, with all that the first call loads`,
    `                ${megabytes(after)} after the last of ${calls.length} calls`,
    `  CPU time      ${seconds(cpu.totalMs - cpu.startMs)} for ${calls.length} calls in ${seconds(callsTookMs)}, and ${seconds(cpu.startMs)} to start`,
  ].join('\n');
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1).padStart(6)} MiB`;
}

import { textTable } from '@openrtc/test-rig';

import type { CallsResult, MemoryUse } from '../calls/make-calls.js';
import type { CallResult } from '../calls/place-call.js';
import { inWords, wordsOf } from '../calls/plan.js';
import { seconds } from './live.js';
import { paint } from './paint.js';

/** A table of all calls. */
export function callTable(calls: readonly CallResult[]): string {
  const spoken = calls.some(({ heard }) => heard?.audio !== undefined);
  const columns = [
    { title: '#', align: 'right' as const },
    { title: 'agent' },
    { title: 'chosen by' },
    { title: 'caller said', maxWidth: 24 },
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
  const [titles, rule, ...lines] = textTable(columns, rows);
  return [paint('bold', titles ?? ''), rule, ...lines].join('\n');
}

/** Memory and CPU time of the worker. */
export function usage({ memory, cpu, mostAtOnce, callsTookMs, calls }: CallsResult): string {
  const { kind, idle, firstCall, peak, after } = memory;
  const row = (label: string, bytes: number, what: string): string =>
    `  ${label.padEnd(12)} ${(bytes / 1024 / 1024).toFixed(1).padStart(6)} MiB  ${what}`;
  return [
    paint('bold', 'The worker process, measured during this run on this machine'),
    row(`memory (${kind})`, idle, 'idle, before the first call'),
    ...(firstCall === undefined
      ? []
      : [row('', firstCall, 'with only the first call, which loads what all calls share')]),
    row('', peak, `at the peak, with ${mostAtOnce} live calls`),
    row('', after, `after the last of ${calls.length} calls`),
    ...perCall(memory, mostAtOnce).map(([bytes, what]) => row('', bytes, what)),
    `  CPU time     ${seconds(cpu.totalMs - cpu.startMs)} for ${calls.length} calls in ${seconds(callsTookMs)}, and ${seconds(cpu.startMs)} to start`,
  ].join('\n');
}

function perCall({ idle, firstCall, peak }: MemoryUse, live: number): readonly [number, string][] {
  const all: [number, string] = [
    (peak - idle) / Math.max(1, live),
    `per call: (peak - idle) / ${live}, including its share of what is loaded once`,
  ];
  if (firstCall === undefined || live < 2) return [all];
  return [
    all,
    [(peak - firstCall) / (live - 1), `per further call: (peak - first call) / ${live - 1}`],
  ];
}

/** Explains long reply times when the turn detector waited; undefined when it did not. */
export function turnNote(calls: readonly CallResult[]): string | undefined {
  const asked = calls.filter(({ finished }) => finished !== undefined);
  const waited = asked.filter(({ finished }) => finished === false).length;
  if (waited === 0) return undefined;
  return paint(
    'dim',
    `Replies took this long because the turn detector judged ${waited} of ${asked.length} sentences to be unfinished (the\nrecorded voices are synthetic). It then waits up to 2.5 s for more words, the SDK's default.`,
  );
}

import { printable } from '@openrtc/core/operate';

import { cellText } from '../cell-text.js';
import { type Fields, fieldsOf, numberOf, parsed, textOf } from '../fields.js';
import type { Part, Style } from '../line.js';

/** A line of a log that is JSON, as `openrtc start` writes it. */
export interface LogEntry {
  readonly fields: Fields;
}

// Of pino, which `@livekit/agents` logs with.
const LEVELS: ReadonlyMap<number, string> = new Map([
  [10, 'TRACE'],
  [20, 'DEBUG'],
  [30, 'INFO'],
  [40, 'WARN'],
  [50, 'ERROR'],
  [60, 'FATAL'],
]);
const ERROR = 50;
const WARN = 40;

// Said already, or the same in every line.
const LEFT_OUT = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'error', 'err']);
const MOST_STACK_LINES = 30;

/** Undefined for a line that is no JSON object. */
export function parseLogEntry(line: string): LogEntry | undefined {
  const value = parsed(line);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? { fields: fieldsOf(value) } : undefined;
}

/** Whether the entry is about the call with this job id, or in this room. */
export function isAbout({ fields: { jobId, room } }: LogEntry, session: string): boolean {
  // Logs have long room names cut.
  return jobId === session || room === session || room === printable(session);
}

/** The entry as lines for people: time, level, words, fields, and below them where an error came from. */
export function entryLines({ fields }: LogEntry): readonly (readonly Part[])[] {
  const level = levelOf(fields['level']);
  const error = fieldsOf(fields['error'] ?? fields['err']);
  const rest = Object.entries(fields)
    .filter(([name]) => !LEFT_OUT.has(name))
    .map(([name, value]) => ({
      text: cellText(`${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`),
      style: 'faint' as const,
    }));
  const stack = (textOf(error['stack']) ?? textOf(error['message']) ?? '').split('\n');
  return [
    [
      timeOf(fields['time']),
      level.style === undefined ? level.text : { text: level.text, style: level.style },
      cellText(textOf(fields['msg']) ?? ''),
      ...rest,
    ],
    ...stack
      .map(cellText)
      .filter((line) => line.trim() !== '')
      .slice(0, MOST_STACK_LINES)
      .map((line): readonly Part[] => [{ text: `    ${line.trim()}`, style: 'faint' }]),
  ];
}

function levelOf(level: unknown): { readonly text: string; readonly style?: Style } {
  const number = numberOf(level);
  const text = number === null ? (textOf(level) ?? '?').toUpperCase() : LEVELS.get(number);
  const named = cellText(text ?? String(number)).padEnd(5);
  if (number !== null && number >= ERROR) return { text: named, style: 'error' };
  if (number !== null && number >= WARN) return { text: named, style: 'warning' };
  return { text: named };
}

/** `2026-11-21T16:20:59.123Z`, whatever form the log has it in. */
function timeOf(time: unknown): string {
  const date = new Date(numberOf(time) ?? textOf(time) ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? '?' : date.toISOString();
}

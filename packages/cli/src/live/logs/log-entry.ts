import { printable } from '@openrtc/core/operate';

import { cellText } from '../cell-text.js';
import { type Fields, fieldsOf, numberOf, parsed, textOf } from '../fields.js';
import type { Part } from '../line.js';

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
const WIDEST_LEVEL = 5;
const WARN = 40;
const ERROR = 50;

// At the beginning of the line already, or the same in every line.
const SAID = new Set(['level', 'time', 'msg', 'pid', 'hostname']);
// As OpenRTC and the SDK name it, and as pino does.
const ERRORS = ['error', 'err'];
const MOST_STACK_LINES = 30;
const INDENT = '    ';

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
  const stacks = new Map(ERRORS.map((name) => [name, stackOf(fields[name])]));
  const rest = Object.entries(fields)
    // An error without a stack is a field like others.
    .filter(([name]) => !SAID.has(name) && (stacks.get(name) ?? []).length === 0)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return [
    [
      timeOf(fields['time']),
      levelOf(fields['level']),
      cellText(textOf(fields['msg']) ?? ''),
      ...rest.map(faint),
    ],
    ...[...stacks.values()].flat().map((line) => [faint(`${INDENT}${line}`)]),
  ];
}

/** The lines of an error's stack, or of its words. */
function stackOf(error: unknown): readonly string[] {
  const { stack, message } = fieldsOf(error);
  return (textOf(stack) ?? textOf(message) ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .slice(0, MOST_STACK_LINES);
}

function levelOf(level: unknown): Part {
  const number = numberOf(level);
  const name = number === null ? textOf(level)?.toUpperCase() : LEVELS.get(number);
  const text = cellText(name ?? (number === null ? '?' : String(number))).padEnd(WIDEST_LEVEL);
  if (number !== null && number >= ERROR) return { text, style: 'error' };
  return number !== null && number >= WARN ? { text, style: 'warning' } : text;
}

/** `2026-11-21T16:20:59.123Z`, whatever form the log has it in. */
function timeOf(time: unknown): string {
  const date = new Date(numberOf(time) ?? textOf(time) ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? '?' : date.toISOString();
}

function faint(text: string): Part {
  return { text: cellText(text), style: 'faint' };
}

import { printable } from '@openrtc/core/operate';

import { cellText } from '../cell-text.js';
import { type Fields, fieldsOf, numberOf, objectOf, parsed, textOf } from '../fields.js';
import type { Part } from '../line.js';

/** A JSON line of a log, as `openrtc start` writes it. */
export interface LogEntry {
  readonly fields: Fields;
}

// The levels of pino, the logger of `@livekit/agents`.
const LEVELS: ReadonlyMap<number, string> = new Map([
  [10, 'TRACE'],
  [20, 'DEBUG'],
  [30, 'INFO'],
  [40, 'WARN'],
  [50, 'ERROR'],
  [60, 'FATAL'],
]);
const LEVEL_WIDTH = 5;
const WARN = 40;
const ERROR = 50;

// Printed at the beginning of the line, or the same in every line.
const SHOWN_OR_CONSTANT = new Set(['level', 'time', 'msg', 'pid', 'hostname']);
// The names that OpenRTC and the SDK use, and pino's.
const ERRORS = ['error', 'err'];
const MAX_STACK_LINES = 30;
const INDENT = '    ';

/** The entry of a line; undefined when the line is not a JSON object. */
export function parseLogEntry(line: string): LogEntry | undefined {
  const fields = objectOf(parsed(line));
  return fields === undefined ? undefined : { fields };
}

/** Whether the entry is about the call with this job id or room name. */
export function isAbout({ fields: { jobId, room } }: LogEntry, session: string): boolean {
  // Long room names are cut in the log.
  return jobId === session || room === session || room === printable(session);
}

/** The entry as readable lines: time, level, message and fields, and below them the stack of an error. */
export function entryLines({ fields }: LogEntry): readonly (readonly Part[])[] {
  const stacks = new Map(ERRORS.map((name) => [name, stackOf(fields[name])]));
  const rest = Object.entries(fields)
    // An error without a stack is shown as a field.
    .filter(([name]) => !SHOWN_OR_CONSTANT.has(name) && (stacks.get(name) ?? []).length === 0)
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

/** The lines of an error's stack, or of its message. */
function stackOf(error: unknown): readonly string[] {
  const { stack, message } = fieldsOf(error);
  return (textOf(stack) ?? textOf(message) ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .slice(0, MAX_STACK_LINES);
}

function levelOf(level: unknown): Part {
  const number = numberOf(level);
  const name = number === null ? textOf(level)?.toUpperCase() : LEVELS.get(number);
  const text = cellText(name ?? (number === null ? '?' : String(number))).padEnd(LEVEL_WIDTH);
  if (number !== null && number >= ERROR) return { text, style: 'error' };
  return number !== null && number >= WARN ? { text, style: 'warning' } : text;
}

/** The time as `2026-11-21T16:20:59.123Z`, from a number or a text. */
function timeOf(time: unknown): string {
  const date = new Date(numberOf(time) ?? textOf(time) ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? '?' : date.toISOString();
}

function faint(text: string): Part {
  return { text: cellText(text), style: 'faint' };
}

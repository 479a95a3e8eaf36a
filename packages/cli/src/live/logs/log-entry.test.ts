import { expect, test } from 'vitest';

import { partsText } from '../line.js';
import { entryLines, isAbout, parseLogEntry } from './log-entry.js';

const base = { level: 30, time: 1_795_000_000_000, pid: 7, hostname: 'box', msg: 'call ended' };

function shown(fields: object): readonly string[] {
  const entry = parseLogEntry(JSON.stringify({ ...base, ...fields }));
  return entry === undefined ? [] : entryLines(entry).map((parts) => partsText(parts, false));
}

test('an entry is one line, with its fields after the message', () => {
  expect(shown({ jobId: 'AJ_1', room: 'r', tokens: { input: 3 } })).toEqual([
    '2026-11-18T11:06:40.000Z  INFO   call ended  jobId=AJ_1  room=r  tokens={"input":3}',
  ]);
});

test('the stack of an error is below the entry', () => {
  const stack = 'Error: boom\n    at lookUp (tools.js:12:3)\n    at async run (main.js:1:1)';
  expect(shown({ level: 50, error: { type: 'Error', message: 'boom', stack } })).toEqual([
    '2026-11-18T11:06:40.000Z  ERROR  call ended',
    '    Error: boom',
    '    at lookUp (tools.js:12:3)',
    '    at async run (main.js:1:1)',
  ]);
});

test.each([
  [{ level: 'info', time: '2026-11-18T11:06:40.000Z' }, /^2026-11-18T11:06:40.000Z {2}INFO /],
  [{ level: 35, time: 'soon' }, /^\? {2}35 /],
  [{ level: null, time: null, msg: 5 }, /^\? {2}\? /],
])('other forms of time and level: %j', (fields, line) => {
  expect(shown(fields)[0]).toMatch(line);
});

test('characters that control the terminal are removed, also from names', () => {
  const hostile = '\u001B[2J\u009B1m\u202Ex\ny';
  for (const line of shown({
    [hostile]: hostile,
    msg: hostile,
    level: hostile,
    err: { stack: hostile },
  }))
    expect(line).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
});

test('a call is found by its job id, or by its room as the log cuts it', () => {
  const room = 'x'.repeat(100);
  const entry = parseLogEntry(JSON.stringify({ jobId: 'AJ_1', room: `${'x'.repeat(63)}…` }));
  if (entry === undefined) throw new Error('no entry');
  expect(['AJ_1', room, 'AJ_', 'x', 'undefined'].map((session) => isAbout(entry, session))).toEqual(
    [true, true, false, false, false],
  );
});

test.each(['', 'text', '5', '[]', 'null', '{"half'])('%j is not an entry', (line) => {
  expect(parseLogEntry(line)).toBeUndefined();
});

test('an error that is a text, or has no message, is shown as a field', () => {
  expect(shown({ error: 'boom' })[0]).toMatch(/call ended {2}error=boom$/);
  expect(shown({ err: { code: 7 } })[0]).toMatch(/call ended {2}err=\{"code":7\}$/);
});

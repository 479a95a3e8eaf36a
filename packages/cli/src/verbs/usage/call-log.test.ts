import { expect, test } from 'vitest';

import { CallLog, type SeenCall } from './call-log.js';
import { WorkerLines, used } from './usage-lines.fixture.js';

const live = (jobId: string) => {
  const call = { jobId, agent: 'sales', tenant: 'acme', room: 'lobby', durationMs: 4_000 };
  return { ...call, usage: [used({ inputTokens: 50 })] };
};

test.each<[string, (lines: WorkerLines) => readonly string[], string[], string[]]>([
  ['has begun', (of) => [of.started('a')], [], ['a']],
  ['is in a snapshot', (of) => [of.snapshot([live('a')])], [], ['a 50']],
  [
    'is in a snapshot before its start',
    (of) => [of.snapshot([live('a')]), of.started('a')],
    [],
    ['a 50'],
  ],
  ['is in no further snapshot', (of) => [of.snapshot([live('a')]), of.snapshot()], [], []],
  ['has ended', (of) => [of.started('a'), of.ended('a')], ['a 100'], []],
  ['has ended after a snapshot', (of) => [of.snapshot([live('a')]), of.ended('a')], ['a 100'], []],
  ['has ended, and its start is in no file', (of) => [of.ended('a')], ['a 100'], []],
  ['failed', (of) => [of.ended('a', { event: 'session_failed' })], ['a 100'], []],
  ['had its new code undone', (of) => [of.ended('a', { event: 'session_reload_undone' })], [], []],
])('a call that %s', (_what, make, ended, unfinished) => {
  const calls: SeenCall[] = [];
  const log = new CallLog((call) => calls.push(call));
  for (const line of make(new WorkerLines())) expect(log.add(line)).toBe('metrics');
  const named = ({ jobId, usage }: SeenCall) =>
    [jobId, ...(usage ?? []).map(({ inputTokens }) => inputTokens)].join(' ');
  expect([calls.map(named), log.unfinished.map(named)]).toEqual([ended, unfinished]);
});

test('the same job of two runs of a worker is two calls', () => {
  const calls: SeenCall[] = [];
  const log = new CallLog((call) => calls.push(call));
  for (const run of ['box-1-a', 'box-1-b']) log.add(new WorkerLines(run).ended('a'));
  expect(calls).toHaveLength(2);
});

test('what workers say they have dropped is added up', () => {
  const log = new CallLog(() => {});
  const lines = new WorkerLines();
  for (const overflowDropped of [3, 4])
    log.add(lines.line('event', { event: 'metrics_stream_overflow', overflowDropped }));
  expect(log.dropped).toBe(7);
});

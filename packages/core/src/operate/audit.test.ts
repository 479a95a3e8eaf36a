import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { keepSecret } from '../base/secrets.js';
import { Audit } from './audit.js';
import type { AuditEvent, Noted } from './audit-event.js';
import type { AuditSink } from './audit-options.js';
import { TestFolder } from './files.fixture.js';

let folder: TestFolder;
let log: LogBook;
let audit: Audit | undefined;

beforeEach(async () => {
  folder = await TestFolder.make();
  log = new LogBook();
  audit = undefined;
});

afterEach(async () => {
  await audit?.[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function open(sink: AuditSink | readonly AuditSink[]): Promise<Audit> {
  return (audit = await Audit.open({ audit: { sink }, version: 'v1', logger: log }));
}

function closed(message = 'x'): Noted {
  return {
    event: 'worker.closed',
    actor: 'system',
    target: 'worker',
    result: 'failed',
    details: {
      how: 'failed',
      uptimeMs: 1,
      drainMs: null,
      calls: 0,
      failedCalls: 0,
      cutCalls: 0,
      leftCalls: 0,
      error: { code: 'INTERNAL', message },
    },
  };
}

const seqsOf = (events: readonly AuditEvent[]) => events.map(({ seq }) => seq);

test('every sink gets every event, with its number, the worker and the version', async () => {
  const [one, two]: [AuditEvent[], AuditEvent[]] = [[], []];
  const running = await open([
    { file: folder.of('audit.jsonl') },
    (event) => void one.push(event),
    async (event) => void two.push(event),
  ]);
  running.note(closed());
  running.note(closed());
  await running[Symbol.asyncDispose]();
  expect(one).toMatchObject([
    {
      schemaVersion: 1,
      seq: 1,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
      worker: expect.stringContaining(`-${process.pid}-`) as string,
      version: 'v1',
      event: 'worker.closed',
    },
    { seq: 2 },
  ]);
  expect(two).toEqual(one);
  const lines = (await readFile(folder.of('audit.jsonl'), 'utf8')).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line) as AuditEvent)).toEqual(one);
});

test('an event cannot be changed by the function that gets it', async () => {
  const seen: AuditEvent[] = [];
  const spoils = (event: AuditEvent) => void ((event.details as { error: unknown }).error = 1);
  const running = await open([spoils, (event) => void seen.push(event)]);
  running.note(closed());
  await running[Symbol.asyncDispose]();
  expect(seen).toMatchObject([{ details: { error: { code: 'INTERNAL' } } }]);
  expect(running.dropped).toEqual({ 'audit-function': 1, 'audit-function-2': 0 });
});

test('secrets are removed from every text', async () => {
  keepSecret(['marker-of-an-audit-0123456789']);
  const seen: AuditEvent[] = [];
  const running = await open((event) => void seen.push(event));
  running.note(closed('the key marker-of-an-audit-0123456789 is at ws://me:pw@host/, "a@b"'));
  await running[Symbol.asyncDispose]();
  expect(JSON.stringify(seen)).not.toMatch(/marker|me:pw/);
  expect(seen).toMatchObject([
    { details: { error: { message: 'the key [secret] is at ws://[secret]@host/, "a@b"' } } },
  ]);
});

test.each<[string, () => void | Promise<void>]>([
  [
    'throws',
    () => {
      throw new Error('broken');
    },
  ],
  ['rejects', () => Promise.reject(new Error('broken'))],
])(
  'a function that %s loses that event; the next ones tell so, and numbers have a gap',
  async (_how, fails) => {
    const seen: AuditEvent[] = [];
    const running = await open((event) => (event.seq === 2 ? fails() : void seen.push(event)));
    for (let at = 0; at < 3; at += 1) running.note(closed());
    await expect.poll(() => seq4(seen)).toBeDefined();
    expect(seqsOf(seen)).toEqual([1, 3, 4]);
    expect(seen[2]).toMatchObject({
      event: 'audit.lost',
      target: 'audit-function',
      result: 'failed',
      details: { sink: 'audit-function', count: 1, fromSeq: 2, toSeq: 2 },
    });
    expect(running.dropped).toEqual({ 'audit-function': 1 });
  },
);

const seq4 = (events: readonly AuditEvent[]) => events.find(({ seq }) => seq === 4);

test('a sink that hangs does not keep the others, nor the caller', async () => {
  const seen: AuditEvent[] = [];
  const running = await open([() => new Promise<void>(() => {}), (event) => void seen.push(event)]);
  for (let at = 0; at < 5; at += 1) running.note(closed());
  await expect.poll(() => seen.length).toBe(5);
  await running[Symbol.asyncDispose]();
  expect(running.dropped).toEqual({ 'audit-function': 5, 'audit-function-2': 0 });
  expect(log.matching('error', /audit-function has not got 5 events/)).toHaveLength(1);
});

test('when one file cannot be opened, the others are closed, and the start fails', async () => {
  const bad = folder.of('audit.jsonl/below');
  await expect(open([{ file: folder.of('audit.jsonl') }, { file: bad }])).rejects.toMatchObject({
    code: 'CONFIG_AUDIT_FILE',
    message: expect.stringContaining(bad) as string,
  });
});

test('without a sink nothing is done', async () => {
  audit = await Audit.open({ audit: null, version: null, logger: log });
  audit.note(closed());
  expect(audit.dropped).toEqual({});
});

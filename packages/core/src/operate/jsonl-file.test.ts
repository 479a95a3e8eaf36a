import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { appendFile, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { TestFolder, entry, jobIds } from './files.fixture.js';
import { JsonlFile, type JsonlFileOptions } from './jsonl-file.js';
import { MetricsEnvelopes } from './metrics-envelope.js';

let folder: TestFolder;
let failures: unknown[];
const opened: JsonlFile[] = [];

async function file(given: Partial<JsonlFileOptions> = {}): Promise<JsonlFile> {
  const made = await JsonlFile.open({
    path: folder.of('metrics.jsonl'),
    maxBytes: 1_000_000,
    keep: 3,
    envelopes: new MetricsEnvelopes('w'),
    onFailure: (error) => failures.push(error),
    ...given,
  });
  opened.push(made);
  return made;
}

beforeEach(async () => {
  folder = await TestFolder.make();
  failures = [];
});

afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
  await folder[Symbol.asyncDispose]();
});

test('lines are appended in order, with numbers', async () => {
  const jsonl = await file();
  for (const jobId of ['AJ_1', 'AJ_2', 'AJ_3']) jsonl.write(entry(jobId));
  await jsonl.idle();
  jsonl.write(entry('AJ_4'));
  await jsonl.idle();
  const lines = await folder.lines('metrics.jsonl');
  expect(jobIds(lines)).toEqual(['AJ_1', 'AJ_2', 'AJ_3', 'AJ_4']);
  expect(lines.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  expect(failures).toEqual([]);
});

test('a second run continues after the first, even if that one died within a line', async () => {
  const first = await file();
  first.write(entry('AJ_1'));
  await first.close();
  await appendFile(folder.of('metrics.jsonl'), '{"schemaVersion":1,"wor');
  const second = await file({ envelopes: new MetricsEnvelopes('other') });
  second.write(entry('AJ_2'));
  await second.idle();
  const lines = await folder.lines('metrics.jsonl');
  expect(lines.map(({ worker, seq }) => [worker, seq])).toEqual([
    ['w', 1],
    ['other', 1],
  ]);
});

test('two workers write to one file, and every line is complete', async () => {
  const [a, b] = [await file(), await file({ envelopes: new MetricsEnvelopes('b') })];
  for (let at = 0; at < 50; at += 1) {
    a.write(entry(`a-${at}`));
    b.write(entry(`b-${at}`));
    if (at % 10 === 0) await Promise.all([a.idle(), b.idle()]);
  }
  await Promise.all([a.idle(), b.idle()]);
  expect(await folder.lines('metrics.jsonl')).toHaveLength(100);
});

test('a full file is renamed, and the oldest one is removed', async () => {
  const jsonl = await file({ maxBytes: 1, keep: 2 });
  for (const jobId of ['AJ_1', 'AJ_2', 'AJ_3', 'AJ_4']) {
    jsonl.write(entry(jobId));
    await jsonl.idle();
  }
  expect(jobIds(await folder.lines('metrics.jsonl'))).toEqual(['AJ_4']);
  expect(jobIds(await folder.lines('metrics.jsonl.1'))).toEqual(['AJ_3']);
  expect(jobIds(await folder.lines('metrics.jsonl.2'))).toEqual(['AJ_2']);
  expect(failures).toEqual([]);
});

test('rotation does not replace a file with other content', async () => {
  await writeFile(folder.of('metrics.jsonl.1'), 'my notes\n');
  const jsonl = await file({ maxBytes: 1, keep: 1 });
  for (const jobId of ['AJ_1', 'AJ_2']) {
    jsonl.write(entry(jobId));
    await jsonl.idle();
  }
  expect(await readFile(folder.of('metrics.jsonl.1'), 'utf8')).toBe('my notes\n');
  expect(jobIds(await folder.lines('metrics.jsonl'))).toEqual(['AJ_1']);
  expect(failures).toMatchObject([{ code: 'CONFIG_METRICS_FILE' }]);
  expect(jsonl.dropped).toBe(1);
});

test.each([
  ['moved', () => rename(folder.of('metrics.jsonl'), folder.of('old'))],
  ['removed', () => rm(folder.of('metrics.jsonl'))],
])('a file that was %s meanwhile is created again', async (_how, goes) => {
  const jsonl = await file();
  jsonl.write(entry('AJ_1'));
  await jsonl.idle();
  await goes();
  jsonl.write(entry('AJ_2'));
  await jsonl.idle();
  expect(jobIds(await folder.lines('metrics.jsonl'))).toEqual(['AJ_2']);
});

test('a full disk drops lines and counts them, and nothing waits', async () => {
  const jsonl = await file({ path: '/dev/full' });
  jsonl.write(entry('AJ_1'));
  await jsonl.idle();
  jsonl.write(entry('AJ_2'));
  await jsonl.idle();
  // The second one was dropped together with the report about the first.
  expect(jsonl.dropped).toBe(3);
  expect(failures).toMatchObject([
    { code: 'CONFIG_METRICS_FILE', message: expect.stringContaining('ENOSPC') },
    {},
  ]);
});

test('dropped lines are reported in the file once there is space again', async () => {
  const path = folder.of('pipe');
  execFileSync('mkfifo', [path]);
  const jsonl = await file({ path });
  jsonl.write(entry('AJ_1'));
  await jsonl.idle();
  expect(jsonl.dropped).toBe(1);
  const reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  jsonl.write(entry('AJ_2'));
  await jsonl.idle();
  const { buffer, bytesRead } = await reader.read(Buffer.alloc(4_096), 0, 4_096, null);
  await reader.close();
  const read = buffer.toString('utf8', 0, bytesRead).split('\n').filter(Boolean);
  expect(read.map((line) => JSON.parse(line).payload)).toMatchObject([
    { event: 'metrics_stream_overflow', overflowDropped: 1 },
    { jobId: 'AJ_2' },
  ]);
});

test('the queue is bounded', async () => {
  const jsonl = await file();
  for (let at = 0; at < 1_010; at += 1) jsonl.write(entry(`AJ_${at}`));
  await jsonl.idle();
  expect(jsonl.dropped).toBe(10);
  expect(await folder.lines('metrics.jsonl')).toHaveLength(1_000);
  jsonl.write(entry('AJ_last'));
  await jsonl.idle();
  expect((await folder.lines('metrics.jsonl')).slice(-2)).toMatchObject([
    { payload: { overflowDropped: 10 } },
    { payload: { jobId: 'AJ_last' } },
  ]);
});

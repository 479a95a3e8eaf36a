import { readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { TestFolder, entry, jobIds } from './files.fixture.js';
import { JsonFile } from './json-file.js';
import { MetricsEnvelopes } from './metrics-envelope.js';

let folder: TestFolder;
let failures: unknown[];

const file = () =>
  JsonFile.open(folder.of('metrics.json'), new MetricsEnvelopes('w'), (error) =>
    failures.push(error),
  );

beforeEach(async () => {
  folder = await TestFolder.make();
  failures = [];
});

afterEach(() => folder[Symbol.asyncDispose]());

test('the file holds the last entry, and no temporary file is left', async () => {
  const json = await file();
  for (const jobId of ['AJ_1', 'AJ_2']) {
    json.write(entry(jobId));
    await json.idle();
  }
  expect(jobIds(await folder.lines('metrics.json'))).toEqual(['AJ_2']);
  expect(await readdir(folder.path)).toEqual(['metrics.json']);
});

test('entries that arrive during a write are dropped, not queued', async () => {
  const json = await file();
  json.write(entry('AJ_1'));
  json.write(entry('AJ_2'));
  await json.idle();
  expect(jobIds(await folder.lines('metrics.json'))).toEqual(['AJ_1']);
  expect(json.dropped).toBe(1);
});

test('a file with other content is not replaced', async () => {
  await writeFile(folder.of('metrics.json'), '{"name":"my-package"}');
  await expect(file()).rejects.toMatchObject({ code: 'CONFIG_METRICS_FILE' });
});

test('a link that is created later is replaced itself, not its target', async () => {
  const json = await file();
  await writeFile(folder.of('target'), 'mine');
  await symlink(folder.of('target'), folder.of('metrics.json'));
  json.write(entry('AJ_1'));
  await json.idle();
  expect(jobIds(await folder.lines('metrics.json'))).toEqual(['AJ_1']);
  expect(await folder.lines('target')).toEqual([]);
});

test('a directory that was removed is only reported as a failure', async () => {
  const json = await file();
  await rm(folder.path, { recursive: true });
  json.write(entry('AJ_1'));
  await json.idle();
  expect(json.dropped).toBe(1);
  expect(failures).toMatchObject([{ code: 'CONFIG_METRICS_FILE' }]);
});

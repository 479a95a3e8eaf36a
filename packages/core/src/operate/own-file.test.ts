import { execFileSync } from 'node:child_process';
import { link, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { TestFolder, entry } from './files.fixture.js';
import { MetricsEnvelopes } from './metrics-envelope.js';
import { checkReplaceable, openToAppend } from './own-file.js';

const line = new MetricsEnvelopes('w').line(entry('AJ_1'));
let folder: TestFolder;

beforeEach(async () => {
  folder = await TestFolder.make();
});

afterEach(() => folder[Symbol.asyncDispose]());

test('a missing file is created with its directories, readable by its user only', async () => {
  const path = folder.of('logs/today/metrics.jsonl');
  await (await openToAppend(path)).close();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('a metrics file is appended to', async () => {
  const path = folder.of('metrics.jsonl');
  await writeFile(path, line);
  const handle = await openToAppend(path);
  await handle.write('more');
  await handle.close();
  expect(await readFile(path, 'utf8')).toBe(`${line}more`);
  await expect(checkReplaceable(path)).resolves.toBeUndefined();
});

const both = [
  ['appended to', async (path: string) => (await openToAppend(path)).close()],
  ['replaced', checkReplaceable],
] as const;

test.each(both)('a file with other content is not %s and stays unchanged', async (_how, use) => {
  const path = folder.of('thesis.txt');
  await writeFile(path, 'four years of work\n');
  await expect(use(path)).rejects.toMatchObject({
    code: 'CONFIG_METRICS_FILE',
    message: expect.stringContaining('thesis.txt is not written to: it has other content'),
  });
  expect(await readFile(path, 'utf8')).toBe('four years of work\n');
});

test.each(both)('a symbolic link is not followed or %s', async (_how, use) => {
  const [target, path] = [folder.of('target'), folder.of('metrics.jsonl')];
  await writeFile(target, '');
  await symlink(target, path);
  await expect(use(path)).rejects.toMatchObject({ code: 'CONFIG_METRICS_FILE' });
});

test.each(both)('a file with a second name is not %s', async (_how, use) => {
  const [other, path] = [folder.of('other'), folder.of('metrics.jsonl')];
  await writeFile(other, '');
  await link(other, path);
  await expect(use(path)).rejects.toThrow('hard link');
});

test('a directory is refused', async () => {
  const path = folder.of('metrics.jsonl');
  await mkdir(path);
  await expect(openToAppend(path)).rejects.toMatchObject({ code: 'EISDIR' });
  await expect(checkReplaceable(path)).rejects.toThrow('not a regular file');
});

test('a pipe without a reader does not block', async () => {
  const path = folder.of('pipe');
  execFileSync('mkfifo', [path]);
  await expect(openToAppend(path)).rejects.toMatchObject({ code: 'ENXIO' });
});

test('a first line longer than the buffer is read completely', async () => {
  const path = folder.of('metrics.jsonl');
  await writeFile(path, new MetricsEnvelopes('w').line(entry('x'.repeat(200_000))));
  await (await openToAppend(path)).close();
});

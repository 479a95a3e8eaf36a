import { mkdir, rename, rm, truncate } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { FollowedFile, type ReadFrom } from './followed-file.js';
import { TestFolder } from '../test-folder.fixture.js';

let folder: TestFolder;
const open: FollowedFile[] = [];

function follow(from: ReadFrom = 'start', name = 'log'): FollowedFile {
  const file = new FollowedFile(folder.of(name), from);
  open.push(file);
  return file;
}

async function read(file: FollowedFile): Promise<readonly string[]> {
  const lines: string[] = [];
  await file.read((line) => lines.push(line));
  return lines;
}

beforeEach(async () => {
  folder = await TestFolder.create();
});

afterEach(async () => {
  for (const file of open.splice(0)) await file[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

test('each line is read once, when it is complete', async () => {
  await folder.write('log', 'one\ntwo\nthr');
  const file = follow();
  expect(await read(file)).toEqual(['one', 'two']);
  expect(await read(file)).toEqual([]);
  await folder.append('log', 'ee\n');
  expect(await read(file)).toEqual(['three']);
  expect(file.broken).toBe(0);
});

test('a file that does not exist yet is read from its first line', async () => {
  const file = follow({ lastBytes: 4 });
  expect(await file.read(() => {})).toBe(false);
  await folder.write('log', 'one\ntwo\nthree\n');
  expect(await read(file)).toEqual(['one', 'two', 'three']);
});

test('a file that was moved away is read to its end, then its replacement', async () => {
  await folder.write('log', 'one\n');
  const file = follow();
  await read(file);
  await folder.append('log', 'two\nhalf of a li');
  await rename(folder.of('log'), folder.of('log.1'));
  expect(await read(file)).toEqual(['two']);
  await folder.write('log', 'three\n');
  expect(await read(file)).toEqual(['three']);
  expect(file).toMatchObject({ broken: 1, restarts: 1 });
});

test('the old file is read until there is a new one', async () => {
  await folder.write('log', 'one\n');
  const file = follow();
  await read(file);
  await rename(folder.of('log'), folder.of('log.1'));
  await folder.append('log.1', 'two\n');
  expect(await read(file)).toEqual(['two']);
  await folder.append('log.1', 'three\n');
  await folder.write('log', 'four\n');
  expect(await read(file)).toEqual(['three', 'four']);
});

test('a file that was emptied is read from its start', async () => {
  await folder.write('log', 'one\ntwo\nhal');
  const file = follow();
  await read(file);
  await truncate(folder.of('log'));
  await folder.append('log', 'three\n');
  expect(await read(file)).toEqual(['three']);
  expect(file).toMatchObject({ broken: 1, restarts: 1 });
});

test('after a file was removed, its replacement is read', async () => {
  await folder.write('log', 'one\n');
  const file = follow();
  await read(file);
  await rm(folder.of('log'));
  expect(await read(file)).toEqual([]);
  await folder.write('log', 'two\n');
  expect(await read(file)).toEqual(['two']);
});

test.each([
  [4, []],
  [5, ['four']],
  [6, ['four']],
  [11, ['three', 'four']],
  [1_000, ['one', 'two', 'three', 'four']],
])('the complete lines of the last %i bytes', async (lastBytes, lines) => {
  await folder.write('log', 'one\ntwo\nthree\nfour\n');
  expect(await read(follow({ lastBytes }))).toEqual(lines);
});

test('a file of many chunks is read completely', async () => {
  const lines = Array.from({ length: 20_000 }, (_, at) => `line ${at} ${'é'.repeat(at % 17)}`);
  await folder.write('log', `${lines.join('\n')}\n`);
  expect(await read(follow())).toEqual(lines);
});

test('a folder is an error', async () => {
  await mkdir(folder.of('log'));
  await expect(read(follow())).rejects.toMatchObject({
    name: 'UsageError',
    message: expect.stringContaining('is not a regular file'),
  });
});

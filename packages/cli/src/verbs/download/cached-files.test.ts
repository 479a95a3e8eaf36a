import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { TestFolder } from '../../test-folder.fixture.js';
import { damagedFiles } from './cached-files.js';

let cache: TestFolder;

beforeEach(async () => {
  cache = await TestFolder.create();
});

afterEach(() => cache[Symbol.asyncDispose]());

function put(model: string, name: string, content: string): Promise<string> {
  return cache.write(`${model}/blobs/${name}`, content);
}

const sha256 = (content: string) => createHash('sha256').update(content).digest('hex');

test('finds files that do not match their hash, and deletes them on request', async () => {
  const model = 'models--livekit--turn-detector';
  await put(model, sha256('whole'), 'whole');
  const damaged = await put(model, sha256('cut'), 'cu');
  // Small files are named by another hash, and downloads in progress have a suffix.
  await put(model, 'a'.repeat(40), 'small');
  await put(model, `${sha256('later')}.incomplete`, 'la');
  const env = { HF_HUB_CACHE: cache.path };
  expect(await damagedFiles({ remove: false }, env)).toEqual([damaged]);
  expect(await damagedFiles({ remove: true }, env)).toEqual([damaged]);
  expect(await damagedFiles({ remove: true }, env)).toEqual([]);
  expect(await readdir(cache.of(`${model}/blobs`))).toHaveLength(3);
});

test('other models are ignored, and there may be no cache', async () => {
  await put('models--somebody--else', sha256('cut'), 'cu');
  expect(await damagedFiles({ remove: true }, { HF_HUB_CACHE: cache.path })).toEqual([]);
  expect(await damagedFiles({ remove: true }, { HF_HOME: cache.of('nowhere') })).toEqual([]);
});

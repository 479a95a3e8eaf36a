import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { damagedFiles } from './cached-files.js';

let cache: string;

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'openrtc-cache-'));
});

afterEach(() => rm(cache, { recursive: true }));

async function put(model: string, name: string, content: string): Promise<string> {
  const blobs = join(cache, model, 'blobs');
  await mkdir(blobs, { recursive: true });
  await writeFile(join(blobs, name), content);
  return join(blobs, name);
}

const sha256 = (content: string) => createHash('sha256').update(content).digest('hex');

test('finds files that do not match their hash, and deletes them on request', async () => {
  const model = 'models--livekit--turn-detector';
  await put(model, sha256('whole'), 'whole');
  const damaged = await put(model, sha256('cut'), 'cu');
  // Small files are named by another hash, and downloads in progress have a suffix.
  await put(model, 'a'.repeat(40), 'small');
  await put(model, `${sha256('later')}.incomplete`, 'la');
  const env = { HF_HUB_CACHE: cache };
  expect(await damagedFiles({ remove: false }, env)).toEqual([damaged]);
  expect(await damagedFiles({ remove: true }, env)).toEqual([damaged]);
  expect(await damagedFiles({ remove: true }, env)).toEqual([]);
  expect(await readdir(join(cache, model, 'blobs'))).toHaveLength(3);
});

test('other models are ignored, and there may be no cache', async () => {
  await put('models--somebody--else', sha256('cut'), 'cu');
  expect(await damagedFiles({ remove: true }, { HF_HUB_CACHE: cache })).toEqual([]);
  expect(await damagedFiles({ remove: true }, { HF_HOME: join(cache, 'nowhere') })).toEqual([]);
});

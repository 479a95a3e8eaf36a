import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { fixture, runCli, startCli } from '../cli-process.fixture.js';
import { TestFolder } from '../test-folder.fixture.js';

let cache: TestFolder;

beforeEach(async () => {
  cache = await TestFolder.create();
});

afterEach(() => cache[Symbol.asyncDispose]());

function download(env: Record<string, string> = {}) {
  return runCli(['download-files', fixture('plugins')], {
    env: { HF_HUB_CACHE: cache.path, ...env },
  });
}

async function cached(): Promise<readonly string[]> {
  const blobs = cache.of('models--livekit--test/blobs');
  const names = await readdir(blobs).catch(() => []);
  return Promise.all(names.map((name) => readFile(join(blobs, name), 'utf8')));
}

test('plugins that the agents import download their files', async () => {
  const { code, stderr } = await download();
  expect(stderr).toContain('fetching (plugin-of-a-test@1.0.0): done\n');
  expect(await cached()).toEqual(['a model']);
  expect(code).toBe(0);
});

test('a file that does not match its hash is downloaded again', async () => {
  const { code } = await download({ TEST_FETCH: 'broken once' });
  expect(await cached()).toEqual(['a model']);
  expect(code).toBe(0);
});

test('a file that stays broken is a failure and is deleted', async () => {
  const { code, stderr } = await download({ TEST_FETCH: 'broken' });
  expect(stderr).toContain('does not match its hash');
  expect(await cached()).toEqual([]);
  expect(code).toBe(1);
});

test('a plugin that fails is reported with its reason, without secrets', async () => {
  const { code, stderr } = await download({ TEST_FETCH: 'fails', HF_TOKEN: 'hf_0123456789' });
  expect(stderr).toContain('failed: no way to the host with [secret]\n');
  expect(stderr).toContain('1 failed. Run it again');
  expect(code).toBe(1);
});

test('a signal ends it at once, even during a download', async () => {
  const { child, ended, says } = startCli(['download-files', fixture('plugins')], {
    env: { HF_HUB_CACHE: cache.path, TEST_FETCH: 'never' },
  });
  await says(/fetching \(plugin-of-a-test@1\.0\.0\): downloading/);
  child.kill('SIGTERM');
  // It ends by the signal itself, without an exit code.
  expect((await ended).code).toBeNull();
});

test('it says so when no plugin needs files', async () => {
  const { code, stderr } = await runCli(['download-files', fixture('javascript')]);
  expect(stderr).toContain('Nothing to download');
  expect(code).toBe(0);
});

import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { fixture, runCli } from './cli-process.fixture.js';
import { findLocalServer } from './local/find-server.js';
import { cacheFolder, makeTemporaryFolder, temporaryPlaces } from './temporary-folder.js';
import { TestFolder } from './test-folder.fixture.js';
import { cachedBytes, damagedFiles } from './verbs/download/cached-files.js';

vi.mock(import('node:os'), async (original) => {
  const os = await original();
  return { ...os, homedir: vi.fn(os.homedir) };
});

let folder: TestFolder;

beforeEach(async () => {
  folder = await TestFolder.create();
});

afterEach(() => folder[Symbol.asyncDispose]());

test('it is in the first place that can be written, for this user alone', async () => {
  const file = await folder.write('file', '');
  const made = makeTemporaryFolder('openrtc-', [folder.of('nowhere'), file, folder.path]);
  expect(made.startsWith(folder.of('openrtc-'))).toBe(true);
  expect((await stat(made)).mode & 0o077).toBe(0);
});

test('without a place the error names each, and what to do', async () => {
  const file = await folder.write('file', '');
  expect(() => makeTemporaryFolder('openrtc-', [folder.of('nowhere'), file])).toThrow(
    `there is no folder for temporary files: ${folder.of('nowhere')} (ENOENT), ${file} (ENOTDIR). Set TMPDIR`,
  );
  expect((await readdir(folder.path)).sort()).toEqual(['file']);
});

test('the places are absolute, and each is tried once', () => {
  const places = temporaryPlaces({ XDG_RUNTIME_DIR: '/dev/shm', XDG_CACHE_HOME: 'relative' });
  expect(places).toContain('/tmp');
  expect(places.filter((place) => place === '/dev/shm')).toHaveLength(1);
  expect(places).not.toContain('relative');
});

test('a user without a name and without HOME has no cache, and that is no error', async () => {
  const noHome = () => {
    throw Object.assign(new Error('uv_os_homedir'), { code: 'ERR_SYSTEM_ERROR' });
  };
  expect(cacheFolder({}, noHome)).toBeUndefined();
  expect(cacheFolder({ XDG_CACHE_HOME: '/cache' }, noHome)).toBe('/cache');
  expect(cacheFolder({}, () => '/home/me')).toBe('/home/me/.cache');
  expect(() =>
    cacheFolder({}, () => {
      throw new TypeError('a bug');
    }),
  ).toThrow('a bug');
});

test('what looks into the home of such a user finds nothing', async () => {
  vi.mocked(homedir).mockImplementation(() => {
    throw Object.assign(new Error('uv_os_homedir'), { code: 'ERR_SYSTEM_ERROR' });
  });
  expect(await findLocalServer({ PATH: '' })).toBeUndefined();
  expect(await damagedFiles({ remove: false }, {})).toEqual([]);
  expect(await cachedBytes({})).toBe(0);
  expect(temporaryPlaces({})).toContain('/tmp');
});

test.each(['agents', 'pools/exports.ts'])(
  'TypeScript runs where TMPDIR cannot be used: %s',
  async (path) => {
    const { code, stderr } = await runCli(['list', fixture(path)], {
      env: { TMPDIR: folder.of('nowhere') },
    });
    expect(stderr).not.toContain('openrtc:');
    expect(code).toBe(0);
  },
);

import { chmod, readdir, stat } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { fixture, runCli } from './cli-process.fixture.js';
import { findLocalServer } from './local/find-server.js';
import { cacheFolder, makeTemporaryFolder, temporaryPlaces } from './temporary-folder.js';
import { TestFolder } from './test-folder.fixture.js';

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

test.skipIf(process.getuid?.() === 0)(
  'a place that this user cannot write is not used',
  async () => {
    await folder.write('closed/file', '');
    await chmod(folder.of('closed'), 0o500);
    const made = makeTemporaryFolder('openrtc-', [folder.of('closed'), folder.path]);
    expect(made.startsWith(folder.of('openrtc-'))).toBe(true);
  },
);

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
  expect(await findLocalServer({ PATH: '' })).not.toBe('');
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

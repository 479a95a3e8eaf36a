import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { importFrom } from './import-from.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openrtc-import-'));
});

afterEach(() => rm(folder, { recursive: true }));

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

async function install(name: string, manifest: object): Promise<void> {
  await put(`node_modules/${name}/package.json`, JSON.stringify({ name, ...manifest }));
  await put(`node_modules/${name}/esm.mjs`, 'export const build = "esm";');
  await put(`node_modules/${name}/other.mjs`, 'export const build = "other";');
  await put(`node_modules/${name}/cjs.cjs`, 'exports.build = "cjs";');
}

const both = { import: { types: './x.d.ts', default: './esm.mjs' }, require: './cjs.cjs' };

test.each([
  ['one entry, with conditions', { exports: both }],
  ['named entries', { exports: { '.': both, './package.json': './package.json' } }],
  ['one entry, as a path', { exports: './esm.mjs' }],
  ['no exports', { main: './esm.mjs' }],
])('the ESM build of a package with %s, from a folder below it', async (_what, manifest) => {
  await install('@scope/some', manifest);
  const module = await importFrom('@scope/some', join(folder, 'agents/deep'));
  expect(module).toMatchObject({ build: 'esm' });
});

test('another entry of a package', async () => {
  await install('some', { exports: { '.': './esm.mjs', './other': { default: './other.mjs' } } });
  expect(await importFrom('some', folder, './other')).toMatchObject({ build: 'other' });
  expect(await importFrom('some', folder, './none')).toBeUndefined();
});

test('a package that is not installed is undefined, and a broken one throws', async () => {
  expect(await importFrom('a-package-that-is-not-there', folder)).toBeUndefined();
  await install('broken', { exports: './not-there.mjs' });
  await expect(importFrom('broken', folder)).rejects.toThrow();
});

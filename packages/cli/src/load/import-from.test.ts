import { afterEach, beforeEach, expect, test } from 'vitest';

import { TestFolder } from '../test-folder.fixture.js';
import { importFrom } from './import-from.js';

let folder: TestFolder;

beforeEach(async () => {
  folder = await TestFolder.create();
});

afterEach(() => folder[Symbol.asyncDispose]());

async function install(name: string, manifest: object): Promise<void> {
  await folder.write(`node_modules/${name}/package.json`, JSON.stringify({ name, ...manifest }));
  await folder.write(`node_modules/${name}/esm.mjs`, 'export const build = "esm";');
  await folder.write(`node_modules/${name}/other.mjs`, 'export const build = "other";');
  await folder.write(`node_modules/${name}/cjs.cjs`, 'exports.build = "cjs";');
}

const both = { import: { types: './x.d.ts', default: './esm.mjs' }, require: './cjs.cjs' };

test.each([
  ['one entry, with conditions', { exports: both }],
  ['named entries', { exports: { '.': both, './package.json': './package.json' } }],
  ['one entry, as a path', { exports: './esm.mjs' }],
  ['no exports', { main: './esm.mjs' }],
])('the ESM build of a package with %s, from a folder below it', async (_what, manifest) => {
  await install('@scope/some', manifest);
  const module = await importFrom('@scope/some', folder.of('agents/deep'));
  expect(module).toMatchObject({ build: 'esm' });
});

test('another entry of a package', async () => {
  await install('some', { exports: { '.': './esm.mjs', './other': { default: './other.mjs' } } });
  expect(await importFrom('some', folder.path, './other')).toMatchObject({ build: 'other' });
  expect(await importFrom('some', folder.path, './none')).toBeUndefined();
});

test('a package that is not installed is undefined, and a broken one throws', async () => {
  expect(await importFrom('a-package-that-is-not-there', folder.path)).toBeUndefined();
  await install('broken', { exports: './not-there.mjs' });
  await expect(importFrom('broken', folder.path)).rejects.toThrow();
});

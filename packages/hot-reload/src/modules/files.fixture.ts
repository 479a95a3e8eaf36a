import { mkdtempSync, realpathSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import * as esbuild from 'esbuild';
import { afterAll } from 'vitest';

import { type Compiler, GraphCompiler } from './compile-graph.js';
import type { ModuleGraph } from './compiled-module.js';

// Outside of the package: nothing here finds it by chance.
const root = mkdtempSync(join(realpathSync(tmpdir()), 'openrtc-modules-'));
afterAll(() => rm(root, { recursive: true, force: true }));

/** Packages stay outside, by their names as Node finds them from this file. */
const compiler: Compiler = {
  build: esbuild.build,
  packages: () => ({
    name: 'packages',
    setup(build) {
      build.onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
        // The tests' aliases are for the compiler.
        if (kind === 'entry-point' || /^(?:@|#lib)\//.test(path)) return undefined;
        if (path.startsWith('node:')) return { path, external: true };
        return { path: import.meta.resolve(path), external: true };
      });
    },
  }),
};

/** Writes files; resolves with the path of the first. */
export async function write(files: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  return join(root, Object.keys(files)[0] ?? '');
}

/** Compiles files as they are now. */
export function compile(...names: readonly string[]): Promise<ModuleGraph> {
  return new GraphCompiler(compiler).compile(names.map((name) => join(root, name)));
}

/** The absolute path of a file. */
export const pathOf = (name: string): string => join(root, name);

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * Finds the ESM build of an optional package: the one that the user's program would import, or else the one that this
 * package would. The user's comes first, because strict package managers hide packages that this one does not declare.
 *
 * It reads the package's files, because `require.resolve` returns the CommonJS build of a package that has both, and
 * each build of a LiveKit plugin loads its own copy of the SDK.
 * @returns the absolute path of the module, or undefined when it is not installed
 */
export function locateModule(
  name: string,
  from: readonly (string | undefined)[] = [process.argv[1], import.meta.url],
): string | undefined {
  for (const place of from) {
    if (place === undefined || place === '') continue;
    const folder = packageFolder(name, place);
    if (folder !== undefined) return join(folder, esmEntry(folder));
  }
  return undefined;
}

function packageFolder(name: string, from: string): string | undefined {
  let file: string;
  try {
    file = createRequire(from).resolve(name);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && readManifest(manifest).name === name) return folder;
  }
  return undefined;
}

function esmEntry(folder: string): string {
  const { exports, main } = readManifest(join(folder, 'package.json'));
  return (exports?.['.'] ?? exports)?.import?.default ?? main ?? 'index.js';
}

interface Conditions {
  readonly import?: { readonly default?: string };
}

interface Manifest {
  readonly name?: string;
  readonly main?: string;
  readonly exports?: Conditions & { readonly '.'?: Conditions };
}

function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(path, 'utf8')) as Manifest;
}

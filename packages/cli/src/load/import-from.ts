import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { foldersUp } from './folders-up.js';

/**
 * Imports a package as the agents in a folder would, else as code in the current directory would, else as this command
 * would. They may be installed in different places, and agents only work with the copy of the SDK that they import
 * themselves.
 * @param folder - folder of the agents or of the user's entry
 * @param entry - entry point of the package, such as `./testing`
 * @returns undefined when it is not installed
 * @throws the error of the import when it is installed but broken
 */
export async function importFrom(name: string, folder: string, entry = '.'): Promise<unknown> {
  const own = dirname(fileURLToPath(import.meta.url));
  const path =
    locate(name, folder, entry) ?? locate(name, process.cwd(), entry) ?? locate(name, own, entry);
  return path === undefined ? undefined : await import(pathToFileURL(path).href);
}

// Only the conditions of an import: the CommonJS build of a package would be a second copy.
type Entry = string | { readonly [condition: string]: Entry } | undefined;

interface Manifest {
  readonly main?: string;
  readonly exports?: Entry;
}

/** Finds the file by hand: `require.resolve()` finds no ESM, and `import.meta.resolve()` only resolves from this file. */
function locate(name: string, from: string, entry: string): string | undefined {
  for (const folder of foldersUp(from)) {
    const manifest = join(folder, 'node_modules', name, 'package.json');
    if (existsSync(manifest)) return entryOf(realpathSync(manifest), entry);
  }
  return undefined;
}

function entryOf(manifest: string, entry: string): string | undefined {
  const { exports, main } = JSON.parse(readFileSync(manifest, 'utf8')) as Manifest;
  // A package with a single entry may leave out its name.
  const named = typeof exports === 'object' && Object.keys(exports).some((key) => key[0] === '.');
  const found = named ? exports[entry] : entry === '.' ? (exports ?? main) : undefined;
  const file = fileOf(found);
  return file === undefined ? undefined : join(dirname(manifest), file);
}

function fileOf(entry: Entry): string | undefined {
  return typeof entry === 'object' ? fileOf(entry['import'] ?? entry['default']) : entry;
}

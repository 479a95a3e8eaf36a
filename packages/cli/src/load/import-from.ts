import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * Imports a package as the user's agents would, then as this command would: the two may have been
 * installed in different places, and agents only work with the copy of the SDK they import themselves.
 * @param folder - where the agents are
 * @param entry - which of the entries the package has, such as `./testing`
 * @returns undefined when it is not installed; what is installed but broken throws
 */
export async function importFrom(name: string, folder: string, entry = '.'): Promise<unknown> {
  const own = dirname(fileURLToPath(import.meta.url));
  const path = locate(name, folder, entry) ?? locate(name, own, entry);
  return path === undefined ? undefined : await import(pathToFileURL(path).href);
}

// As Node reads it for an import: the CommonJS build of a package is another copy of it.
type Entry = string | { readonly [condition: string]: Entry } | undefined;

interface Manifest {
  readonly main?: string;
  readonly exports?: Entry;
}

/** By its files: `require.resolve()` names no ESM, and `import.meta.resolve()` knows no other place than here. */
function locate(name: string, from: string, entry: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const manifest = join(folder, 'node_modules', name, 'package.json');
    if (existsSync(manifest)) return entryOf(realpathSync(manifest), entry);
    if (folder === dirname(folder)) return undefined;
  }
}

function entryOf(manifest: string, entry: string): string | undefined {
  const { exports, main } = JSON.parse(readFileSync(manifest, 'utf8')) as Manifest;
  // A package with one entry need not name it.
  const named = typeof exports === 'object' && Object.keys(exports).some((key) => key[0] === '.');
  const found = named ? exports[entry] : entry === '.' ? (exports ?? main) : undefined;
  const file = fileOf(found);
  return file === undefined ? undefined : join(dirname(manifest), file);
}

function fileOf(entry: Entry): string | undefined {
  return typeof entry === 'object' ? fileOf(entry['import'] ?? entry['default']) : entry;
}

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Imports a package as the user's agents would, then as this command would: the two may have been
 * installed in different places, and agents only work with the copy of the SDK they import themselves.
 * @param folder - where the agents are
 * @param entry - which of the entries the package has, such as `./testing`
 * @returns undefined when it is not installed; what is installed but broken throws
 */
export async function importFrom(name: string, folder: string, entry = '.'): Promise<unknown> {
  const path =
    locate(name, join(folder, 'package.json'), entry) ?? locate(name, import.meta.url, entry);
  return path === undefined ? undefined : await import(pathToFileURL(path).href);
}

// As Node reads it for an import: the CommonJS build of a package is another copy of it.
type Entry = string | { readonly import?: Entry; readonly default?: Entry } | undefined;

function fileOf(entry: Entry): string | undefined {
  return typeof entry === 'object' ? fileOf(entry.import ?? entry.default) : entry;
}

function locate(name: string, from: string, entry: string): string | undefined {
  try {
    // What is ESM only require.resolve cannot name; its package.json it can.
    const require = createRequire(from);
    const manifestPath = require.resolve(`${name}/package.json`);
    const { exports } = require(manifestPath) as { exports: Readonly<Record<string, Entry>> };
    const file = fileOf(exports[entry]);
    return file === undefined ? undefined : join(dirname(manifestPath), file);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

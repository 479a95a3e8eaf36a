import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Imports an optional package. It is resolved from the user's files first and then from core, because strict package
 * managers hide packages that core does not declare but the user does.
 * @param places - absolute paths of files and folders, the first one first
 * @returns undefined when it is not installed
 * @throws when it is installed but cannot be loaded
 */
export async function importOptional(
  name: string,
  places: readonly string[],
): Promise<Record<string, unknown> | undefined> {
  const path = locateOptional(name, places);
  return path === undefined
    ? undefined
    : ((await import(pathToFileURL(path).href)) as Record<string, unknown>);
}

/** The path of the file that {@link importOptional} imports. Undefined when the package is not installed. */
export function locateOptional(name: string, places: readonly string[]): string | undefined {
  for (const place of places) {
    // A file is looked up from the folder with its name, where nothing is, and then from the folders above it.
    const found = place === '' ? undefined : locate(name, join(place, '_'));
    if (found !== undefined) return found;
  }
  return locate(name, import.meta.url);
}

function locate(name: string, from: string): string | undefined {
  try {
    // The packages are ESM only, which require.resolve cannot resolve, but it can resolve their package.json.
    const require = createRequire(from);
    const manifest = require(`${name}/package.json`) as { exports: { '.': { default: string } } };
    return createRequire(require.resolve(`${name}/package.json`)).resolve(
      manifest.exports['.'].default,
    );
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

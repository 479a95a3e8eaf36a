import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/**
 * Imports an optional package as the user's entry would, then as core would: package managers with
 * strict layouts hide what core does not declare, and the user has declared it.
 * @returns undefined when it is not installed; what is installed but broken throws
 */
export async function importOptional(
  name: string,
  entry: string | undefined,
): Promise<Record<string, unknown> | undefined> {
  const path = locateOptional(name, entry);
  return path === undefined
    ? undefined
    : ((await import(pathToFileURL(path).href)) as Record<string, unknown>);
}

/** The path of what {@link importOptional} imports; undefined when it is not installed. */
export function locateOptional(name: string, entry: string | undefined): string | undefined {
  return locate(name, entry) ?? locate(name, import.meta.url);
}

function locate(name: string, from: string | undefined): string | undefined {
  if (from === undefined || from === '') return undefined;
  try {
    // The packages are ESM only, which require.resolve cannot name; their package.json it can.
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

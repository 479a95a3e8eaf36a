import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { foldersUp } from '../../load/folders-up.js';
import { importFrom } from '../../load/import-from.js';

const SCOPE = '@livekit';
const PLUGIN = /^agents-plugin-/;
// The SDK's tests for plugins, not a plugin.
const NOT_A_PLUGIN = 'agents-plugins-test';

/**
 * Imports every SDK plugin that is installed for a folder, so that it registers itself.
 * @returns the plugins that cannot be imported
 */
export async function importPlugins(
  folder: string,
): Promise<readonly { readonly name: string; readonly error: unknown }[]> {
  const broken: { name: string; error: unknown }[] = [];
  for (const name of await installedPlugins(folder)) {
    try {
      await importFrom(name, folder);
    } catch (error) {
      broken.push({ name, error });
    }
  }
  return broken;
}

/** The names of the plugins in every `node_modules` that Node would search. */
async function installedPlugins(folder: string): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const each of foldersUp(folder)) {
    // Most folders have no such folder.
    const found = await readdir(join(each, 'node_modules', SCOPE)).catch(() => []);
    for (const name of found)
      if (PLUGIN.test(name) && name !== NOT_A_PLUGIN) names.add(`${SCOPE}/${name}`);
  }
  return [...names];
}

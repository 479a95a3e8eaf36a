import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { importFrom } from '../../load/import-from.js';

const SCOPE = '@livekit';
const PLUGIN = /^agents-plugin-/;
// The SDK's own tests of plugins.
const NO_PLUGIN = 'agents-plugins-test';

/** Imports every plugin of the SDK that is installed for a folder, so that it registers itself. */
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

/** Their names, from every `node_modules` that Node would look into. */
async function installedPlugins(folder: string): Promise<readonly string[]> {
  const names = new Set<string>();
  for (let place = folder; ; place = dirname(place)) {
    // Most folders have none.
    const found = await readdir(join(place, 'node_modules', SCOPE)).catch(() => []);
    for (const name of found)
      if (PLUGIN.test(name) && name !== NO_PLUGIN) names.add(`${SCOPE}/${name}`);
    if (place === dirname(place)) return [...names];
  }
}

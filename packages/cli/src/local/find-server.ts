import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { findProgram, isExecutable } from '../find-program.js';
import { cacheFolder } from '../temporary-folder.js';

const PROGRAM = 'livekit-server';

/**
 * The path of the livekit-server on this machine: from `LIVEKIT_SERVER_BIN`, from the `PATH`, or built by a checkout of
 * OpenRTC. Undefined when there is none.
 */
export async function findLocalServer(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const chosen = env['LIVEKIT_SERVER_BIN'];
  // The user has chosen this one, so no other is used.
  if (chosen !== undefined && chosen !== '')
    return (await isExecutable(chosen)) ? chosen : undefined;
  return findProgram(PROGRAM, env, await builds(env));
}

async function builds(env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const cache = env['OPENRTC_CACHE_DIR'] ?? cacheFolder(env);
  if (cache === undefined) return [];
  const folder = join(cache, 'openrtc');
  // The folder does not exist where nothing was built.
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.startsWith(`${PROGRAM}-`))
    .toSorted()
    .toReversed()
    .map((name) => join(folder, name));
}

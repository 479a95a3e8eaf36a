import { mkdtempSync, realpathSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';

import { UsageError } from './usage-error.js';

/**
 * Creates a folder that only this user can read and write: in the folder of the system for temporary files, or in
 * another one where that cannot be used. In a container with a read-only file system, `/dev/shm` often can.
 * @param prefix - of its name
 * @throws UsageError when there is no place for it, with what to do
 */
export function makeTemporaryFolder(
  prefix: string,
  places: readonly string[] = temporaryPlaces(process.env),
): string {
  const failures: string[] = [];
  for (const place of places) {
    try {
      // It creates it for this user alone: nobody else can write there.
      return realpathSync(mkdtempSync(join(place, prefix)));
    } catch (error) {
      failures.push(`${place} (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
    }
  }
  throw new UsageError(
    `there is no folder for temporary files: ${failures.join(', ')}. Set TMPDIR to one that can be written, such as a tmpfs or an emptyDir volume`,
  );
}

/** The folders in which temporary files can be, the preferred one first. */
export function temporaryPlaces(env: NodeJS.ProcessEnv): readonly string[] {
  const places = [
    tmpdir(),
    '/tmp',
    env['XDG_RUNTIME_DIR'],
    '/dev/shm',
    '/var/tmp',
    cacheFolder(env),
  ];
  const usable = places.filter((place) => place !== undefined && isAbsolute(place));
  return [...new Set(usable as string[])];
}

/**
 * The folder for caches of this user. Undefined without HOME for a user without a name, as containers have them.
 * @param home - reads the home of this user
 */
export function cacheFolder(
  env: NodeJS.ProcessEnv,
  home: () => string = homedir,
): string | undefined {
  if (env['XDG_CACHE_HOME'] !== undefined) return env['XDG_CACHE_HOME'];
  try {
    return join(home(), '.cache');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SYSTEM_ERROR') return undefined;
    throw error;
  }
}

import { access, constants, readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

const PROGRAM = 'livekit-server';

/** The livekit-server of this machine: that of `LIVEKIT_SERVER_BIN`, on the `PATH`, or built by a checkout of OpenRTC. */
export async function findLocalServer(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const named = env['LIVEKIT_SERVER_BIN'];
  // Somebody has chosen it: another one would not be what they want.
  if (named !== undefined && named !== '') return (await canRun(named)) ? named : undefined;
  const onPath = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const folder of [...onPath, ...(await builds(env))]) {
    const path = join(folder, PROGRAM);
    if (await canRun(path)) return path;
  }
  return undefined;
}

async function builds(env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const cache = env['OPENRTC_CACHE_DIR'] ?? env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'openrtc');
  // There is none where nothing was ever built.
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.startsWith(`${PROGRAM}-`))
    .toSorted()
    .toReversed()
    .map((name) => join(folder, name));
}

function canRun(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

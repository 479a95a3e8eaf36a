import { execFile } from 'node:child_process';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findOnPath, isExecutable } from '../processes/find-program.js';
import { buildOnce } from '../server/build-lock.js';
import type { Progress } from '../server/build-server.js';
import { cacheFolder } from '../server/find-server.js';

/** The two programs of Prometheus. */
export interface PrometheusPrograms {
  available: true;
  prometheus: string;
  promtool: string;
}

/** Result of {@link findPrometheus}; the reason is for people. */
export type FoundPrometheus = PrometheusPrograms | { available: false; reason: string };

const run = promisify(execFile);

/**
 * Looks for Prometheus on the PATH and in the cache. Otherwise fetches Debian's package (19 MB) and unpacks it into the
 * cache, without installing it.
 */
export async function findPrometheus(
  options: { onProgress?: Progress; env?: NodeJS.ProcessEnv } = {},
): Promise<FoundPrometheus> {
  const { env = process.env, onProgress = () => undefined } = options;
  const [prometheus, promtool] = await Promise.all([
    findOnPath('prometheus', env),
    findOnPath('promtool', env),
  ]);
  if (prometheus !== undefined && promtool !== undefined)
    return { available: true, prometheus, promtool };
  const folder = join(cacheFolder(env), 'prometheus');
  const cached = programsIn(folder);
  const isThere = () => isExecutable(cached.promtool);
  if (await isThere()) return cached;
  const [apt, dpkg] = await Promise.all([findOnPath('apt-get', env), findOnPath('dpkg-deb', env)]);
  if (apt === undefined || dpkg === undefined)
    return {
      available: false,
      reason:
        'prometheus and promtool are not on the PATH, and this is not a Debian system to fetch them from.',
    };
  try {
    await buildOnce(folder, {
      isThere,
      build: (partial) => unpack(partial, onProgress),
      onWait: () => onProgress('another process is fetching Prometheus; waiting for it'),
    });
    return cached;
  } catch (error) {
    return {
      available: false,
      reason: `Debian's package of Prometheus could not be fetched: ${(error as Error).message}`,
    };
  }
}

function programsIn(folder: string): PrometheusPrograms {
  const program = (name: string) => join(folder, 'usr', 'bin', name);
  return {
    available: true,
    prometheus: program('prometheus'),
    promtool: program('promtool'),
  };
}

async function unpack(folder: string, onProgress: Progress): Promise<void> {
  onProgress("fetching Debian's package of Prometheus, once");
  await mkdir(folder);
  await run('apt-get', ['download', 'prometheus'], { cwd: folder });
  const file = (await readdir(folder)).find((name) => name.endsWith('.deb'));
  if (file === undefined) throw new Error('apt-get download prometheus fetched no package');
  await run('dpkg-deb', ['-x', join(folder, file), folder]);
  await rm(join(folder, file));
}

import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { UsageError } from '../usage-error.js';
import { type Core, loadCore } from './core.js';
import { type LoadedPool, loadModule } from './load-module.js';
import { SourceImporter } from './source-importer.js';

/** A path to agents, before anything is loaded. */
export interface PoolPath {
  /** Absolute path of the directory or module. */
  readonly path: string;
  readonly kind: 'directory' | 'module';
  /** Absolute path of the folder that the agents are in. */
  readonly folder: string;
}

/**
 * Checks the path to the agents.
 * @throws UsageError when it is not a directory or a module
 */
export function poolPath(given: string): PoolPath {
  const path = resolve(given);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new UsageError(`${path} does not exist`);
  if (stat.isDirectory()) return { path, kind: 'directory', folder: path };
  if (stat.isFile() && /\.m?[jt]s$/.test(path))
    return { path, kind: 'module', folder: dirname(path) };
  throw new UsageError(`${path} is neither a directory nor a module (.ts, .mts, .js, .mjs)`);
}

/**
 * Loads the pool of a directory of agents, or of a module.
 * @param prepare - called with core before any of the user's code runs
 * @throws UsageError, or an OpenRtcError `CONFIG_*`
 */
export async function loadPool(
  { path, kind, folder }: PoolPath,
  prepare: (core: Core) => void = () => {},
): Promise<LoadedPool> {
  const core = await loadCore(folder);
  prepare(core);
  const importer = new SourceImporter(core);
  if (kind === 'module')
    return { core, folder, fromDirectory: false, ...(await loadModule(path, core, importer)) };
  const pool = new core.AgentPool();
  await pool.discover(path, { importModule: importer.importAgent }).catch((error: unknown) => {
    // Said once, not for every file.
    throw importer.compilerError ?? error;
  });
  return { core, pool, folder, fromDirectory: true, runOptions: {}, finish: async () => {} };
}

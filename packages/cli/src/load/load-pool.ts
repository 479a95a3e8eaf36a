import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import type { ReloadSettings } from '../options/reload-settings.js';
import { UsageError } from '../usage-error.js';
import { type Core, loadCore } from './core.js';
import { discoverPool, ranByCommand } from './discover-pool.js';
import { type LoadedPool, loadModule } from './load-module.js';
import { HOT_CODE, type HotImporter, hasCodeOfWorker, hotImporter } from './hot-importer.js';
import { importFrom } from './import-from.js';
import { SourceImporter } from './source-importer.js';

const MODULE = /\.(?:[cm]?[jt]s|[jt]sx)$/;

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
  // A process for calls runs what its worker has, even if it is no longer there.
  if (stat === undefined && hasCodeOfWorker())
    return MODULE.test(path)
      ? { path, kind: 'module', folder: dirname(path) }
      : { path, kind: 'directory', folder: path };
  if (stat === undefined) throw new UsageError(`${path} does not exist`);
  if (stat.isDirectory()) return { path, kind: 'directory', folder: path };
  if (stat.isFile() && MODULE.test(path)) return { path, kind: 'module', folder: dirname(path) };
  throw new UsageError(`${path} is neither a directory nor a module (.ts, .mts, .js, .mjs)`);
}

/** Options of {@link loadPool}. */
export interface LoadOptions {
  /** Called with core before any of the user's code runs. Default: nothing. */
  readonly prepare?: ((core: Core) => void) | undefined;
  /** How the agents should be reloaded. Default: not at all. */
  readonly reload?: ReloadSettings | undefined;
  /** Reports what is worth knowing about the user's files, in one sentence. Default: it is logged. */
  readonly warn?: ((message: string) => void) | undefined;
}

/**
 * Loads the pool of a directory of agents, of one agent's file, or of a module.
 * @throws UsageError, or an OpenRtcError `CONFIG_*`
 */
export async function loadPool(
  { path, kind, folder }: PoolPath,
  { prepare, reload, warn }: LoadOptions = {},
): Promise<LoadedPool> {
  const core = await loadCore(folder);
  prepare?.(core);
  const report = warn ?? core.warnInLog(undefined);
  const hot = await hotFor(core, folder, reload, report);
  const importer = hot ?? new SourceImporter(core);
  const loading = { path, core, importer, warn: report };
  const loaded =
    kind === 'module'
      ? await loadModule(loading)
      : { pool: await discoverPool(loading), fromDirectory: true, ...ranByCommand };
  return { core, folder, hot, ...loaded };
}

/** In a process for calls the agents are loaded as in its worker. */
async function hotFor(
  core: Core,
  folder: string,
  reload: ReloadSettings | undefined,
  warn: (message: string) => void,
): Promise<HotImporter | undefined> {
  const wanted = core.inCallProcess() ? process.env[HOT_CODE] !== undefined : reload !== undefined;
  if (!wanted) return undefined;
  if (core.inCallProcess()) return hotImporter(core, folder);
  const esbuild = await importFrom('esbuild', folder);
  const hot = esbuild === undefined ? undefined : await hotImporter(core, folder);
  if (hot !== undefined) return hot;
  const install = 'npm install --save-dev @openrtc/hot-reload esbuild';
  if (reload?.asked !== undefined)
    throw new UsageError(`${reload.asked} needs @openrtc/hot-reload and esbuild: ${install}`);
  if (reload?.watch)
    warn(`the agents are not reloaded when they change. To change them in live calls: ${install}`);
  return undefined;
}

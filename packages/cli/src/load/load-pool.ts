import type { AgentPool, RunOptions } from '@openrtc/core';
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { UsageError } from '../usage-error.js';
import { type Core, loadCore } from './core.js';
import { loadModule } from './load-module.js';
import { SourceImporter } from './source-importer.js';

/** A pool for a verb. */
export interface LoadedPool {
  readonly core: Core;
  readonly pool: AgentPool;
  /** Absolute path of the folder the agents are in, from where what belongs to them is imported. */
  readonly folder: string;
  /** The pool is nobody's code: it was made here, from a directory. */
  readonly made: boolean;
  /** What the user's own `run()` was given, where it was that which handed the pool over. */
  readonly runOptions: RunOptions;
  /** Where the user's code waits for its `run()`, it goes on from here; resolves when it is through. */
  finish(error?: unknown): Promise<void>;
}

/** What is at a path, before anything of it is loaded. */
export interface PoolPath {
  readonly path: string;
  readonly kind: 'directory' | 'module';
  readonly folder: string;
}

/** @throws UsageError for a path where nothing is that can be loaded. */
export function poolPath(given: string | undefined): PoolPath {
  if (given === undefined)
    throw new UsageError(
      'which agents? Give a directory of agents, or a module that exports a pool: openrtc dev ./agents',
    );
  const path = resolve(given);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new UsageError(`there is no ${path}`);
  if (stat.isDirectory()) return { path, kind: 'directory', folder: path };
  if (stat.isFile() && /\.m?[jt]s$/.test(path))
    return { path, kind: 'module', folder: dirname(path) };
  throw new UsageError(`${path} is neither a directory nor a module (.ts, .mts, .js, .mjs)`);
}

/**
 * The pool of a directory of agents, or of a module.
 * @param prepare - called with core before any code of the user's is run
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
    return { core, folder, made: false, ...(await loadModule(path, core, importer)) };
  const pool = new core.AgentPool();
  await pool.discover(path, { importModule: importer.importAgent }).catch((error: unknown) => {
    // Said once, not for every file.
    throw importer.compilerError ?? error;
  });
  return { core, pool, folder, made: true, runOptions: {}, finish: async () => {} };
}

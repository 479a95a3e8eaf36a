import type { AgentPool } from '@openrtc/core';
import type { Warn } from '@openrtc/core/host';

import { defined } from '../defined.js';
import type { Core } from './core.js';
import type { LoadedPool } from './load-module.js';
import type { ModuleImporter } from './module-importer.js';

/** What is loaded, and with what. */
export interface Loading {
  /** Absolute path of a directory of agents, or of a module. */
  readonly path: string;
  readonly core: Core;
  readonly importer: ModuleImporter;
  /** Reports what is worth knowing about the user's files. */
  readonly warn: Warn;
}

/** A pool whose `run()` only the command calls. */
export const ranByCommand: Pick<LoadedPool, 'runOptions' | 'finish'> = {
  runOptions: {},
  finish: async () => {},
};

/**
 * Makes a pool of the agents in a directory, or of the one in a file.
 * @throws OpenRtcError `CONFIG_DISCOVERY`, and what prevents all of them from being compiled
 */
export async function discoverPool({ path, core, importer, warn }: Loading): Promise<AgentPool> {
  // The pool remembers who hosted it when it was constructed, and so where its packages are.
  const release = core.hostCommand({ run: async () => {}, ...defined({ importer, warn, path }) });
  const pool = new core.AgentPool();
  release();
  await pool.discover(path).catch((error: unknown) => {
    // Said once, not for every file.
    throw importer.compilerError ?? error;
  });
  return pool;
}

import type { AgentImporter } from '../agents/discover.js';
import type { RunOptions } from '../options/run-options.js';
import { currentVerification } from '../worker/verification.js';

/** Answers the `run()` of a pool. */
export type Runner<Pool> = (pool: Pool, options: RunOptions) => Promise<void>;

/** A command that runs the pools of the module it loads. */
export interface Hosting<Pool> {
  readonly run: Runner<Pool>;
  readonly importer: AgentImporter | undefined;
  /** Reports what is worth knowing about the files of agents; undefined: it is logged. */
  readonly warn: ((message: string) => void) | undefined;
  /** The file or folder of the pool, from which optional packages are resolved; undefined: not known. */
  readonly path: string | undefined;
  /** False once the command no longer hosts: then its pools run themselves. */
  active: boolean;
}

// Global, because the command only imports the user's module, which constructs the pools: it cannot pass anything.
let current: Hosting<never> | undefined;

/** Sets the host of all pools that are constructed from now on; undefined: they have none. */
export function setHosting<Pool>(hosting: Hosting<Pool> | undefined): void {
  current = hosting;
}

/** The host of pools that are constructed now; undefined when there is none. */
export function currentHosting<Pool>(): Hosting<Pool> | undefined {
  return current as Hosting<Pool> | undefined;
}

/** The result of `run()` in code that a reload loads: it does nothing, as the pool runs already. Undefined elsewhere. */
export function ignoredRun(): Promise<void> | undefined {
  const reload = currentVerification();
  reload?.ignored('a pool: pool.run()');
  return reload === undefined ? undefined : Promise.resolve();
}

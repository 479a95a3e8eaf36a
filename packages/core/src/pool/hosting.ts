import type { ImportModule } from '../agents/discover.js';
import type { RunOptions } from '../options/run-options.js';

/** Runs a pool in place of the pool itself. */
export type Runner<Pool> = (pool: Pool, options: RunOptions) => Promise<void>;

/** A command that answers for the pools of the module it loads. */
export interface Hosting<Pool> {
  readonly run: Runner<Pool>;
  readonly importModule: ImportModule | undefined;
  /** False once the command has let go: then the pool runs itself. */
  active: boolean;
}

// A command imports the module, and the module constructs its pools: there is no argument between the two.
let current: Hosting<never> | undefined;

/** From here on pools that are constructed belong to `hosting`; undefined: to nobody. */
export function setHosting<Pool>(hosting: Hosting<Pool> | undefined): void {
  current = hosting;
}

/** The host of a pool that is being constructed; undefined where there is none. */
export function currentHosting<Pool>(): Hosting<Pool> | undefined {
  return current as Hosting<Pool> | undefined;
}

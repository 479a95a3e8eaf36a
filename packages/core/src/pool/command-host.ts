import type { ImportModule } from '../agents/discover.js';
import type { RunOptions } from '../options/run-options.js';
import type { AgentPool } from './agent-pool.js';

/** Runs a pool in place of the pool itself. */
export type PoolRunner = (pool: AgentPool, options: RunOptions) => Promise<void>;

/** A command that loads the user's module and answers for the pools in it. */
export interface CommandHost {
  /** Called for every `run()` of these pools, but those with `cli: false`. */
  readonly run: PoolRunner;
  /** Imports the files of agents that `discover()` finds. Default: `import()`. */
  readonly importModule?: ImportModule;
}

/** A host, for as long as it answers. */
export interface Hosting {
  readonly host: CommandHost;
  readonly active: boolean;
}

// Between a command and the constructors in the module it imports there is nothing that could be passed on.
let hosting: (Hosting & { active: boolean }) | undefined;

/**
 * Makes `host` answer for every pool that is constructed until the returned function is called: how `openrtc` takes
 * over the pools of a module that runs them itself. Pools constructed before are not affected.
 */
export function hostCommand(host: CommandHost): () => void {
  const own = { host, active: true };
  hosting = own;
  return () => {
    own.active = false;
    if (hosting === own) hosting = undefined;
  };
}

/** The host of a pool that is being constructed; undefined where there is none. */
export function currentHosting(): Hosting | undefined {
  return hosting;
}

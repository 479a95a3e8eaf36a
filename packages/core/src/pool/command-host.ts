import type { ImportModule } from '../agents/discover.js';
import type { AgentPool } from './agent-pool.js';
import { type Hosting, type Runner, currentHosting, setHosting } from './hosting.js';

/** Runs a pool in place of the pool itself. */
export type PoolRunner = Runner<AgentPool>;

/** A command that loads the user's module and answers for the pools in it. */
export interface CommandHost {
  /** Called for every `run()` of these pools, but those with `cli: false`. */
  readonly run: PoolRunner;
  /** Imports the files of agents that `discover()` finds. Default: `import()`. */
  readonly importModule?: ImportModule;
}

/**
 * Makes `host` answer for every pool that is constructed until the returned function is called: how `openrtc` takes
 * over the pools of a module that runs them itself. Pools constructed before are not affected.
 */
export function hostCommand({ run, importModule }: CommandHost): () => void {
  const hosting: Hosting<AgentPool> = { run, importModule, active: true };
  setHosting(hosting);
  return () => {
    hosting.active = false;
    if (currentHosting<AgentPool>() === hosting) setHosting(undefined);
  };
}

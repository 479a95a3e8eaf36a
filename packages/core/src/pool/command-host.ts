import type { AgentImporter } from '../agents/discover.js';
import { checkFunction, checkKeys, invalidOption } from '../base/option-checks.js';
import type { AgentPool } from './agent-pool.js';
import { type Hosting, type Runner, currentHosting, setHosting } from './hosting.js';

/** Answers the `run()` of a pool. */
export type PoolRunner = Runner<AgentPool>;

/** A command that loads the user's module and runs the pools in it. */
export interface CommandHost {
  /** Called for every `run()` of these pools, unless it is given `cli: false`. */
  readonly run: PoolRunner;
  /** Imports the files that `discover()` finds. Default: `import()`. */
  readonly importer?: AgentImporter;
  /** Reports what is worth knowing about the files of agents, in one sentence. Default: it is logged. */
  readonly warn?: (message: string) => void;
  /**
   * Absolute path of the module, or of the directory of agents. Optional packages such as `@openrtc/prewarm` are
   * resolved from there first. Default: from the entry of the process.
   */
  readonly path?: string;
}

/**
 * Makes a command the host of all pools that are constructed from now on, until the returned function is called.
 * `openrtc` uses it for modules that run their pools themselves. Pools that were constructed before are not affected.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION`
 */
export function hostCommand(host: CommandHost): () => void {
  checkHost(host);
  const { run, importer, warn, path } = host;
  const hosting: Hosting<AgentPool> = { run, importer, warn, path, active: true };
  setHosting(hosting);
  return () => {
    hosting.active = false;
    if (currentHosting<AgentPool>() === hosting) setHosting(undefined);
  };
}

function checkHost(host: unknown): void {
  const where = 'hostCommand()';
  checkKeys(where, host, ['run', 'importer', 'warn', 'path']);
  if (host['run'] === undefined)
    throw invalidOption(where, 'run is missing: pass { run: (pool, options) => … }');
  for (const key of ['run', 'warn'] as const) checkFunction(where, key, host[key]);
}

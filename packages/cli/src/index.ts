import type { AgentPool, RunOptions } from '@openrtc/core';
import { dirname } from 'node:path';

import { exitCode } from './exit-code.js';
import { loadCore } from './load/core.js';
import { type Load, main } from './main.js';
import { reloadSettings } from './options/reload-settings.js';
import { UsageError } from './usage-error.js';

/**
 * The command `openrtc` for your own pool, with the arguments of the process: `node main.js dev`.
 *
 * ```ts
 * import { cli } from '@openrtc/cli';
 *
 * await cli.runApp(pool);
 * ```
 */
export const cli = {
  /** Runs the verb in the arguments and ends the process with the exit code of the command. Never rejects. */
  async runApp(pool: AgentPool): Promise<never> {
    process.exit(
      await main(process.argv.slice(2), { load: loadOf(pool, {}), name: programName() }),
    );
  },

  /**
   * The same for a pool whose `run()` was called. It resolves when a worker has drained, so that the code after
   * `await pool.run()` runs; in all other cases it ends the process. Called by core.
   */
  async answer(pool: AgentPool, options: RunOptions): Promise<void> {
    const args = process.argv.slice(2);
    const code = await main(args, { load: loadOf(pool, options), name: programName() });
    const [verb] = args;
    if (code === exitCode.done && (verb === 'dev' || verb === 'start')) return;
    process.exit(code);
  },
};

function loadOf(pool: AgentPool, runOptions: RunOptions): Load {
  return (flags, verb) => async (prepare) => {
    const { asked, watch = false } = reloadSettings(verb, flags) ?? {};
    const byCommand = `openrtc ${verb} ${process.argv[1] ?? 'main.js'}`;
    if (asked !== undefined)
      throw new UsageError(`${asked} needs the command to load your entry: ${byCommand} ${asked}`);
    const folder = dirname(process.argv[1] ?? process.cwd());
    const core = await loadCore(folder);
    prepare?.(core);
    if (watch)
      core.warnInLog(undefined)(
        `the agents are not reloaded when they change, because Node has loaded them: ${byCommand} does that`,
      );
    return { core, pool, folder, fromDirectory: false, runOptions, finish: async () => {} };
  };
}

function programName(): string {
  return `node ${process.argv[1]?.split('/').at(-1) ?? 'main.js'}`;
}

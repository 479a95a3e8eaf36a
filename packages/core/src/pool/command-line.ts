import { OpenRtcError } from '../base/errors.js';
import type { AgentPool } from './agent-pool.js';
import type { ImportModule } from '../agents/discover.js';
import type { RunOptions } from '../options/pool-options.js';
import { importOptional, locateOptional } from '../worker/resolve-from-entry.js';

/** Runs a pool in place of the pool itself. */
export type PoolRunner = (pool: AgentPool, options: RunOptions) => Promise<void>;

/** What core asks of `@openrtc/cli`. */
interface CommandModule {
  readonly cli?: { readonly answer?: PoolRunner };
}

/** What a command that loads the user's module does in place of the pools in it. */
export interface CommandHost {
  /** Answers every `run()` but those with `cli: false`. */
  readonly run: PoolRunner;
  /** Imports the files of agents that `discover()` finds, unless it is told how. */
  readonly importModule?: ImportModule;
}

// Registered, so that the pools of a second installed copy of OpenRTC find it too.
const HOST = Symbol.for('@openrtc/core:command-host');
const holder = globalThis as { [HOST]?: CommandHost | undefined };

/** The verbs of `openrtc` that want a pool. */
const VERBS: ReadonlySet<string> = new Set([
  'start',
  'dev',
  'console',
  'connect',
  'list',
  'download-files',
]);
// What run() does anyway, for want of the command.
const WORKER_VERBS: ReadonlySet<string> = new Set(['start', 'dev']);

/**
 * Who answers `run()`: the command that is loading the user's module, or `openrtc` itself when the first argument
 * of the process is one of its verbs. Undefined: the pool.
 */
export function commandLine(argv: readonly string[] = process.argv): PoolRunner | undefined {
  const host = holder[HOST];
  if (host !== undefined) return host.run;
  const [, entry, verb = ''] = argv;
  if (!VERBS.has(verb)) return undefined;
  if (locateOptional('@openrtc/cli', entry) !== undefined) return answerWith(entry);
  return WORKER_VERBS.has(verb) ? undefined : () => Promise.reject(noCommand(verb));
}

/** How the command that loads the user's module imports agents; undefined where there is none. */
export function commandImport(): ImportModule | undefined {
  return holder[HOST]?.importModule;
}

/**
 * Has `host` answer for every pool of this process until the returned function is called: how `openrtc` gets at
 * the pools of a module that runs them itself.
 */
export function hostCommand(host: CommandHost): () => void {
  holder[HOST] = host;
  return () => {
    if (holder[HOST] === host) holder[HOST] = undefined;
  };
}

function answerWith(entry: string | undefined): PoolRunner {
  return async (pool, options) => {
    const { cli } = (await importOptional('@openrtc/cli', entry)) as CommandModule;
    if (typeof cli?.answer !== 'function')
      throw new OpenRtcError(
        'CONFIG_NO_COMMAND',
        'The installed @openrtc/cli does not fit this @openrtc/core: install both in one version.',
      );
    await cli.answer(pool, options);
  };
}

function noCommand(verb: string): OpenRtcError {
  return new OpenRtcError(
    'CONFIG_NO_COMMAND',
    `"${verb}" is a verb of the command openrtc, which is not installed: npm install @openrtc/cli. If it is an argument of your own program: pool.run({ cli: false }).`,
  );
}

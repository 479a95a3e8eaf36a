import { type Host, processHost } from './host.js';
import { loadPool, poolPath } from './load/load-pool.js';
import { refuseWritableByOthers } from './load/writable-by-others.js';
import { readFlags } from './options/read-flags.js';
import { type Flags, optionTable, tableWithPool } from './options/table.js';
import { readCommandLine } from './program.js';
import { reportError } from './report-error.js';
import { runVerb } from './run-verb.js';
import { version } from './version.js';
import type { VerbContext } from './verbs/verb-context.js';
import type { Verb } from './verbs/verb.js';

/** Where a verb gets its pool from. */
export type Load = (flags: Flags, verb: Verb) => VerbContext['load'];

/** How {@link main} is run where it is not the process's own command line. */
export interface MainOptions {
  readonly host?: Host;
  /** The pool, where there is one already. Default: what the first argument names. */
  readonly load?: Load;
  /** What the command is called in its help. */
  readonly name?: string;
}

/** The whole command: resolves with the exit code, and has said everything there is to say. Never rejects. */
export async function main(args: readonly string[], options: MainOptions = {}): Promise<number> {
  const { host = processHost, load } = options;
  let flags: Flags = {};
  try {
    const table = load === undefined ? optionTable : tableWithPool();
    const invocation = readCommandLine(args, host, {
      version,
      table,
      ...(options.name === undefined ? {} : { name: options.name }),
    });
    if (invocation.kind === 'answered') return invocation.exitCode;
    const { verb, given, words } = invocation;
    flags = readFlags(verb, given, words, host.env, table);
    hideArguments(flags);
    if (verb === 'start') asInProduction();
    return await runVerb({ verb, flags, host, load: (load ?? fromPath)(flags, verb) });
  } catch (error) {
    return reportError(error, host, [flags.apiSecret, flags.apiKey]);
  }
}

const fromPath: Load =
  ({ agentsDir }, verb) =>
  async (prepare) => {
    const path = poolPath(agentsDir);
    if (verb === 'start') refuseWritableByOthers(path);
    return loadPool(path, prepare);
  };

// Whoever lists the processes of the machine would read it.
function hideArguments({ apiSecret }: Flags): void {
  if (apiSecret !== undefined) process.title = 'openrtc';
}

// What the user's code and its packages go by as well.
function asInProduction(): void {
  process.env['NODE_ENV'] ??= 'production';
}

import { defined } from './defined.js';
import { type Host, processHost, withoutOutput, writeMessage } from './host.js';
import { loadPool, poolPath } from './load/load-pool.js';
import { hasCodeOfWorker } from './load/hot-importer.js';
import { refuseWritableByOthers } from './load/writable-by-others.js';
import { readFlags } from './options/read-flags.js';
import { reloadSettings } from './options/reload-settings.js';
import { type Flags, optionTable, tableWithPool } from './options/table.js';
import { readCommandLine } from './program.js';
import { reportError } from './report-error.js';
import { UsageError } from './usage-error.js';
import type { RunVerb, VerbContext } from './verbs/verb-context.js';
import type { Verb } from './verbs/verb.js';
import { versionText } from './versions.js';

/** Provides the loader of a verb's pool. */
export type Load = (flags: Flags, verb: Verb, host: Host) => VerbContext['load'];

/** Options of {@link main}. */
export interface MainOptions {
  /** Default: the process itself. */
  readonly host?: Host;
  /** Loads the pool. Default: from the path in the first argument. */
  readonly load?: Load;
  /** The name of the command in its help. Default: `openrtc`. */
  readonly name?: string;
}

// Each verb is loaded when it is used.
const handlers: Readonly<Record<Verb, () => Promise<{ run: RunVerb }>>> = {
  dev: () => import('./verbs/worker.js'),
  start: () => import('./verbs/worker.js'),
  console: () => import('./verbs/console.js'),
  connect: () => import('./verbs/connect.js'),
  list: () => import('./verbs/list.js'),
  'download-files': () => import('./verbs/download-files.js'),
  reload: () => import('./verbs/reload.js'),
  top: () => import('./verbs/top.js'),
  tui: () => import('./verbs/tui.js'),
  logs: () => import('./verbs/logs.js'),
  usage: () => import('./verbs/usage.js'),
};

/** The whole command. Resolves with the exit code after all output and errors are written. Never rejects. */
export async function main(args: readonly string[], options: MainOptions = {}): Promise<number> {
  const { host = processHost, load } = options;
  let flags: Flags = {};
  try {
    const table = load === undefined ? optionTable : tableWithPool();
    const named = { version: versionText, table, ...defined({ name: options.name }) };
    const invocation = readCommandLine(args, host, named);
    if (invocation.kind === 'answered') return invocation.exitCode;
    const { verb, given, words } = invocation;
    flags = readFlags(verb, given, words, host.env, table);
    hideArguments(flags);
    if (verb === 'start') setProduction();
    const { run } = await handlers[verb]();
    const work = () => run({ verb, flags, host, load: (load ?? fromPath)(flags, verb, host) });
    return await (takesCalls(verb) ? withoutOutput(host, work) : work());
  } catch (error) {
    return reportError(error, host, [flags.apiSecret, flags.apiKey]);
  }
}

const fromPath: Load = (flags, verb, host) => async (prepare) => {
  const { agentsDir } = flags;
  if (agentsDir === undefined)
    throw new UsageError(
      `which agents? Name a directory of agents, or a module that exports a pool: openrtc ${verb} ./agents`,
    );
  const path = poolPath(agentsDir);
  if (verb === 'start' && !hasCodeOfWorker()) refuseWritableByOthers(path);
  // The others have no log, or one that shows only errors.
  const logs = verb === 'start' || verb === 'dev';
  return loadPool(path, {
    prepare,
    reload: reloadSettings(verb, flags),
    warn: logs ? undefined : (message) => writeMessage(host, message),
  });
};

function takesCalls(verb: Verb): boolean {
  return verb === 'dev' || verb === 'start' || verb === 'connect';
}

// Anyone who lists the processes of the machine could read it.
function hideArguments({ apiSecret }: Flags): void {
  if (apiSecret !== undefined) process.title = 'openrtc';
}

// The user's code and its packages read it too.
function setProduction(): void {
  process.env['NODE_ENV'] ??= 'production';
}

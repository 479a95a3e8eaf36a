import type { PoolSource } from '@openrtc/core/isolation';
import { fileURLToPath } from 'node:url';

import type { ResolvedProcesses } from './options.js';

/** The command that starts a call process. */
export interface ChildCommand {
  /** Path of the module to run. */
  readonly entry: string;
  /** Its arguments. */
  readonly args: readonly string[];
  /** Flags of Node. */
  readonly execArgv: readonly string[];
  /** Its whole environment. */
  readonly env: NodeJS.ProcessEnv;
}

// Only the worker needs these: a call joins its room with a token for that room, and its metadata is checked.
const WORKER_ONLY = [
  'LIVEKIT_API_KEY',
  'LIVEKIT_API_SECRET',
  'LIVEKIT_WORKER_TOKEN',
  'OPENRTC_METADATA_SECRET',
];
// Every user of the machine can see arguments in the list of processes.
const SECRET_ARGUMENT = /^--?(?:[\w-]*-)?(?:secret|token|key|password)(?<value>=.*)?$/i;
// V8's default is 16 MiB and more, and costs an idle process twice that in garbage from loading modules. One call
// produces so little garbage that 4 MiB saves 16 MiB without measurable CPU. With several calls the garbage grows
// and the saving does not (benchmarks/README.md, bench:child-start).
const SEMI_SPACE = '--max-semi-space-size=4';
const OWN_SEMI_SPACE = /--m(?:ax|in)[-_]semi[-_]space[-_]size/;
// Only one process can listen on the port of the debugger.
const INSPECTOR = /^--inspect/;

/** The command that runs the user's entry again, with the variables that make its pool run calls. */
export function childCommand(
  source: PoolSource,
  options: ResolvedProcesses,
  env: NodeJS.ProcessEnv = process.env,
): ChildCommand {
  const { entry, memoryLimitMb } = options;
  const own = Object.fromEntries(
    Object.entries(env).filter(([name]) => !WORKER_ONLY.includes(name)),
  );
  const flags = options.execArgv ?? source.execArgv.filter((flag) => !INSPECTOR.test(flag));
  const inEnv = { ...own, ...options.env }['NODE_OPTIONS'] ?? '';
  const small =
    options.sessionsPerProcess === 1 &&
    ![...flags, inEnv].some((flag) => OWN_SEMI_SPACE.test(flag));
  return {
    entry: entry === undefined ? source.entry : pathOf(entry),
    args: publicArguments(source.argv),
    execArgv: [
      '--import',
      new URL('./child/preload.js', import.meta.url).href,
      // V8 stops at this limit by itself: a heap can grow by hundreds of MB between two measurements.
      ...(memoryLimitMb === undefined ? [] : [`--max-old-space-size=${memoryLimitMb}`]),
      ...(small ? [SEMI_SPACE] : []),
      ...flags,
    ],
    env: {
      // Separate heaps for native threads cost memory and bring nothing here.
      MALLOC_ARENA_MAX: '2',
      ...own,
      ...options.env,
      OPENRTC_SERVE_TICKETS: new URL('./child/connect.js', import.meta.url).href,
      // The number of the pool is valid only in the same entry.
      ...(entry === undefined ? { OPENRTC_SERVE_POOL: String(source.pool) } : {}),
    },
  };
}

function pathOf(entry: string | URL): string {
  return entry instanceof URL || entry.startsWith('file:') ? fileURLToPath(entry) : entry;
}

/** The arguments without those that name a secret, and without their values. */
function publicArguments(args: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (let i = 0; i < args.length; i += 1) {
    const found = SECRET_ARGUMENT.exec(args[i] ?? '');
    if (found === null) kept.push(args[i] ?? '');
    else if (found.groups?.['value'] === undefined) i += 1;
  }
  return kept;
}

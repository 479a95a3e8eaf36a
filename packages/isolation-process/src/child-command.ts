import type { PoolSource } from '@openrtc/core/isolation';
import { fileURLToPath } from 'node:url';

import type { ResolvedProcesses } from './options.js';

/** What a process of calls is started with. */
export interface ChildCommand {
  readonly entry: string;
  readonly args: readonly string[];
  readonly execArgv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

// The keys of the worker: a call joins its room with a token for that room alone.
const WORKER_ONLY = ['LIVEKIT_API_KEY', 'LIVEKIT_API_SECRET', 'LIVEKIT_WORKER_TOKEN'];
// Visible to everybody on the machine in the list of processes.
const SECRET_ARGUMENT = /^--?(?:[\w-]*-)?(?:secret|token|key|password)(?<value>=.*)?$/i;
// V8's own, 16 MiB and more, is two times that of garbage in a process at rest: module code that has been loaded.
// One call makes so little that 4 costs a process no CPU that shows and spares it 16 MiB; of several calls the
// garbage grows with each, and what is spared does not (benchmarks/README.md, bench:child-start).
const SEMI_SPACE = '--max-semi-space-size=4';
const OWN_SEMI_SPACE = /--m(?:ax|in)[-_]semi[-_]space[-_]size/;
// A debugger listens on one port.
const INSPECTOR = /^--inspect/;

/** The user's own entry again, with what tells it to run calls. */
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
      // V8 gives up by itself at the limit: between two looks a heap grows by hundreds of MB.
      ...(memoryLimitMb === undefined ? [] : [`--max-old-space-size=${memoryLimitMb}`]),
      ...(small ? [SEMI_SPACE] : []),
      ...flags,
    ],
    env: {
      // Threads of native code that each keep a heap of their own cost memory and gain nothing here.
      MALLOC_ARENA_MAX: '2',
      ...own,
      ...options.env,
      OPENRTC_SERVE_TICKETS: new URL('./child/connect.js', import.meta.url).href,
      // Another entry may have other pools.
      ...(entry === undefined ? { OPENRTC_SERVE_POOL: String(source.pool) } : {}),
    },
  };
}

function pathOf(entry: string | URL): string {
  return entry instanceof URL || entry.startsWith('file:') ? fileURLToPath(entry) : entry;
}

/** Arguments without the values of those that name a secret. */
function publicArguments(args: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (let i = 0; i < args.length; i += 1) {
    const found = SECRET_ARGUMENT.exec(args[i] ?? '');
    if (found === null) kept.push(args[i] ?? '');
    else if (found.groups?.['value'] === undefined) i += 1;
  }
  return kept;
}

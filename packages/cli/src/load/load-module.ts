import type { AgentPool, ErrorCode, RunOptions } from '@openrtc/core';

import { codeOf } from '../report-error.js';
import { UsageError, UserCodeError } from '../usage-error.js';
import type { Core } from './core.js';
import { type Loading, discoverPool, ranByCommand } from './discover-pool.js';
import type { HotImporter } from './hot-importer.js';

// Longer than that, and whoever started it begins to wonder.
const SLOW_IMPORT_MS = 3_000;
// Time to close a database, for example. The code after run() has nothing to do with calls.
const MAX_AFTER_RUN_MS = 10_000;
// Enough for modules that open model clients and database pools at their top level.
const MAX_IMPORT_MS = 60_000;

/** A pool, loaded for a verb. */
export interface LoadedPool {
  readonly core: Core;
  readonly pool: AgentPool;
  /** Absolute path of the folder of the agents. Packages are resolved from here. */
  readonly folder: string;
  /** The command created the pool, from a directory or one agent; false for a pool of the user's code. */
  readonly fromDirectory: boolean;
  /** What its agents are loaded with, when they can be reloaded. */
  readonly hot?: HotImporter | undefined;
  /** The options that the user's own `run()` was called with; empty without one. */
  readonly runOptions: RunOptions;
  /** Settles the user's `run()`, rejecting with the error if there is one, and waits for the code after it. */
  finish(error?: unknown): Promise<void>;
}

/** A `run()` called by the user's code, which waits for the command. */
interface CalledRun {
  readonly pool: AgentPool;
  readonly options: RunOptions;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The pool of a module: the one whose `run()` it calls, else the one it exports, else a pool of the agent it exports.
 * @throws UsageError when it has none of them, or several, or cannot be imported
 */
export async function loadModule(
  loading: Loading,
): Promise<Pick<LoadedPool, 'pool' | 'runOptions' | 'finish' | 'fromDirectory'>> {
  const { path, core, importer, warn } = loading;
  let onRun: (run: CalledRun) => void = () => {};
  const called = new Promise<CalledRun>((resolve) => (onRun = resolve));
  const pools = new Set<AgentPool>();
  const release = core.hostCommand({
    run: (pool, options) => {
      pools.add(pool);
      if (pools.size > 1) return Promise.reject(severalPools(path));
      return new Promise((resolve, reject) => onRun({ pool, options, resolve, reject }));
    },
    importer,
    warn,
    path,
  });
  const importing = core
    .loadUserCode(path, warn, () => importer.importPath(path))
    .catch((error: unknown) => {
      throw importError(error, loading);
    });
  // When a module awaits run(), its import only ends with the worker.
  await inTime(Promise.race([called, importing]), loading);
  if (pools.size > 1) throw severalPools(path);
  if (pools.size === 1) {
    const { pool, options, ...run } = await called;
    const finish = finishing({ pool, options, ...run }, importing, release);
    return { pool, runOptions: options, finish, fromDirectory: false };
  }
  release();
  const exports = await importing;
  const pool = exportedPool(exports, loading);
  if (pool !== undefined) return { pool, fromDirectory: false, ...ranByCommand };
  return { pool: await agentPool(loading), fromDirectory: true, ...ranByCommand };
}

/** A pool of the one agent in the file, as of a directory with this file. */
async function agentPool(loading: Loading): Promise<AgentPool> {
  try {
    return await discoverPool(loading);
  } catch (error) {
    const { cause, message } = error as Error;
    const [reason] = cause instanceof AggregateError ? (cause.errors as Error[]) : [];
    throw new UsageError(
      `${loading.path} exports no pool (\`export default new AgentPool(…)\`), and no agent that can be used: ${reason?.message ?? message}`,
      { cause: error },
    );
  }
}

async function inTime(importing: Promise<unknown>, loading: Loading): Promise<void> {
  const { path, core, importer, warn } = loading;
  let done = false;
  const slow = setTimeout(() => {
    void core.whatWaits(path, importer).then((reason) => {
      if (!done)
        warn(`the import of ${path} is not done after ${SLOW_IMPORT_MS / 1_000} s: ${reason}`);
    });
  }, SLOW_IMPORT_MS);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), MAX_IMPORT_MS);
  });
  const first = await Promise.race([importing, late]).finally(() => {
    done = true;
    clearTimeout(slow);
    clearTimeout(timer);
  });
  if (first === 'late')
    throw new UsageError(
      `the import of ${path} did not finish within ${MAX_IMPORT_MS / 1_000} s: ${await core.whatWaits(path, importer)}`,
    );
}

function finishing(
  run: CalledRun,
  importing: Promise<unknown>,
  release: () => void,
): LoadedPool['finish'] {
  // It is awaited in finish(); until then a rejection must not count as unhandled.
  importing.catch(() => {});
  return async (error) => {
    release();
    if (error === undefined) run.resolve();
    else run.reject(error);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, MAX_AFTER_RUN_MS)));
    try {
      await Promise.race([importing, late]);
    } catch (failure) {
      // If the run failed, this is the same error, passed through the user's code.
      if (error === undefined) throw errorAfterRun(failure);
    } finally {
      clearTimeout(timer);
    }
  };
}

function errorAfterRun(failure: unknown): UserCodeError {
  const thrown = failure instanceof Error ? (failure.cause ?? failure) : failure;
  return new UserCodeError(`the code after run() failed: ${stackOf(thrown)}`, { cause: thrown });
}

function severalPools(path: string): UsageError {
  return new UsageError(`${path} runs several pools, but openrtc runs only one; run it with node`);
}

/** The pool that a module exports; undefined without one. */
function exportedPool(exports: unknown, { path, core }: Loading): AgentPool | undefined {
  const named = Object(exports) as Readonly<Record<string, unknown>>;
  if (isPool(named['default'])) return named['default'];
  // A Set, because a pool may be exported under two names.
  const pools = [...new Set(Object.values(named).filter(isPool))];
  if (pools.length > 0 && Object.values(named).some(core.isAgentClass))
    throw new UsageError(
      `${path} exports both a pool and an agent: make the pool the default export, or put the agent into a file of its own`,
    );
  if (pools.length > 1)
    throw new UsageError(`${path} exports several pools: make one of them the default export`);
  return pools[0];
}

// By its methods: it may come from another installed copy of OpenRTC.
function isPool(value: unknown): value is AgentPool {
  if (typeof value !== 'object' || value === null) return false;
  const { run, configure, listAgents } = value as Record<string, unknown>;
  return [run, configure, listAgents].every((method) => typeof method === 'function');
}

/** The error of an import, as {@link ModuleImporter.importPath} throws it, for the user. */
function importError(error: unknown, { path, core }: Loading): unknown {
  if (error instanceof UsageError || codeOf(error) !== undefined) return error;
  const { message, cause } = error as Error;
  if (cause instanceof UsageError) return cause;
  const code = codeOf(cause) as ErrorCode | undefined;
  // An error that tells what to do, such as that of an option of the pool, needs only its place.
  if (code !== undefined) return new core.OpenRtcError(code, message, { cause });
  return new UsageError(`${path} cannot be imported: ${message}`, { cause });
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

import type { AgentPool, RunOptions } from '@openrtc/core';

import { codeOf } from '../report-error.js';
import { UsageError, UserCodeError } from '../usage-error.js';
import type { Core } from './core.js';
import type { SourceImporter } from './source-importer.js';

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
  /** The command created the pool from a directory; false for a pool of the user's code. */
  readonly fromDirectory: boolean;
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
 * The pool of a module: the one whose `run()` it calls, else the one it exports.
 * @throws UsageError when it has no pool or several, or cannot be imported
 */
export async function loadModule(
  path: string,
  core: Core,
  importer: SourceImporter,
): Promise<Pick<LoadedPool, 'pool' | 'runOptions' | 'finish'>> {
  let onRun: (run: CalledRun) => void = () => {};
  const called = new Promise<CalledRun>((resolve) => (onRun = resolve));
  const pools = new Set<AgentPool>();
  const release = core.hostCommand({
    run: (pool, options) => {
      pools.add(pool);
      if (pools.size > 1) return Promise.reject(severalPools(path));
      return new Promise((resolve, reject) => onRun({ pool, options, resolve, reject }));
    },
    importModule: importer.importAgent,
  });
  const importing = importer.importModule(path).catch((error: unknown) => {
    throw importError(path, error);
  });
  // When a module awaits run(), its import only ends with the worker.
  await inTime(Promise.race([called, importing]), path);
  if (pools.size > 1) throw severalPools(path);
  if (pools.size === 1) {
    const run = await called;
    return { pool: run.pool, runOptions: run.options, finish: finishing(run, importing, release) };
  }
  release();
  return { pool: exportedPool(await importing, path), runOptions: {}, finish: async () => {} };
}

async function inTime(loading: Promise<unknown>, path: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `the import of ${path} did not finish within ${MAX_IMPORT_MS / 1_000} s: code at its top level is waiting`;
    timer = setTimeout(() => reject(new UsageError(message)), MAX_IMPORT_MS);
  });
  await Promise.race([loading, late]).finally(() => clearTimeout(timer));
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
  const thrown = failure instanceof UsageError ? failure.cause : failure;
  return new UserCodeError(`the code after run() failed: ${stackOf(thrown)}`, { cause: thrown });
}

function severalPools(path: string): UsageError {
  return new UsageError(`${path} runs several pools, but openrtc runs only one; run it with node`);
}

function exportedPool(exports: unknown, path: string): AgentPool {
  const named = Object(exports) as Readonly<Record<string, unknown>>;
  if (isPool(named['default'])) return named['default'];
  // A Set, because a pool may be exported under two names.
  const pools = [...new Set(Object.values(named).filter(isPool))];
  const [only, ...others] = pools;
  if (only === undefined)
    throw new UsageError(
      `${path} exports no pool: write \`export default new AgentPool(…)\`, or name the directory of the agents`,
    );
  if (others.length > 0)
    throw new UsageError(`${path} exports several pools: make one of them the default export`);
  return only;
}

// By its methods: it may come from another installed copy of OpenRTC.
function isPool(value: unknown): value is AgentPool {
  if (typeof value !== 'object' || value === null) return false;
  const { run, configure, listAgents } = value as Record<string, unknown>;
  return [run, configure, listAgents].every((method) => typeof method === 'function');
}

function importError(path: string, error: unknown): unknown {
  if (error instanceof UsageError || codeOf(error) !== undefined) return error;
  return new UsageError(`${path} cannot be imported: ${stackOf(error)}`, { cause: error });
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

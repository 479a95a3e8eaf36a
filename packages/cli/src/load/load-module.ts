import type { AgentPool, RunOptions } from '@openrtc/core';

import { codeOf } from '../report-error.js';
import { UsageError, UserCodeError } from '../usage-error.js';
import type { Core } from './core.js';
import type { LoadedPool } from './load-pool.js';
import type { SourceImporter } from './source-importer.js';

// Closing a database, say. The command does not wait longer for code that has nothing to do with calls.
const AFTERWARDS_MS = 10_000;
// Model clients and database pools are opened at the top of modules; a hanging one is a mistake.
const IMPORT_MS = 60_000;

/** A `run()` of the user's code, which waits for the command. */
interface CalledRun {
  readonly pool: AgentPool;
  readonly options: RunOptions;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The pool of a module: the one whose `run()` it calls, or else the one it exports.
 * @throws UsageError when there is none, or more than one; what the module throws while it is imported
 */
export async function loadModule(
  path: string,
  core: Core,
  importer: SourceImporter,
): Promise<Pick<LoadedPool, 'pool' | 'runOptions' | 'finish'>> {
  let tell: (run: CalledRun) => void = () => {};
  const called = new Promise<CalledRun>((resolve) => (tell = resolve));
  const pools = new Set<AgentPool>();
  const release = core.hostCommand({
    run: (pool, options) => {
      pools.add(pool);
      if (pools.size > 1) return Promise.reject(severalPools(path));
      return new Promise((resolve, reject) => tell({ pool, options, resolve, reject }));
    },
    importModule: importer.importAgent,
  });
  const importing = importer.importModule(path).catch((error: unknown) => {
    throw importError(path, error);
  });
  // A module may wait for its run(), and then its import does not end before the worker does; or it may not.
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
    const words = `the import of ${path} did not end within ${IMPORT_MS / 1_000} s: something at its top level waits`;
    timer = setTimeout(() => reject(new UsageError(words)), IMPORT_MS);
  });
  await Promise.race([loading, late]).finally(() => clearTimeout(timer));
}

function finishing(
  run: CalledRun,
  importing: Promise<unknown>,
  release: () => void,
): LoadedPool['finish'] {
  // Until then nobody waits for it.
  importing.catch(() => {});
  return async (error) => {
    release();
    if (error === undefined) run.resolve();
    else run.reject(error);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, AFTERWARDS_MS)));
    try {
      await Promise.race([importing, late]);
    } catch (failure) {
      // Where the run failed, this is the same error on its way through the user's code.
      if (error === undefined) throw afterwards(failure);
    } finally {
      clearTimeout(timer);
    }
  };
}

function afterwards(failure: unknown): UserCodeError {
  const thrown = failure instanceof UsageError ? failure.cause : failure;
  const words = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return new UserCodeError(`the code behind run() failed: ${words}`, { cause: thrown });
}

function severalPools(path: string): UsageError {
  return new UsageError(`${path} runs several pools, and openrtc runs one; run it with node`);
}

function exportedPool(exports: unknown, path: string): AgentPool {
  const named = Object(exports) as Readonly<Record<string, unknown>>;
  if (isPool(named['default'])) return named['default'];
  // A Set, for a pool may be exported under two names.
  const pools = [...new Set(Object.values(named).filter(isPool))];
  const [only, ...others] = pools;
  if (only === undefined)
    throw new UsageError(
      `${path} exports no pool: write \`export default new AgentPool(…)\`, or give the directory of the agents`,
    );
  if (others.length > 0)
    throw new UsageError(`${path} exports several pools: make one of them the default export`);
  return only;
}

// By what it does: it may come from another installed copy of OpenRTC.
function isPool(value: unknown): value is AgentPool {
  if (typeof value !== 'object' || value === null) return false;
  const { run, configure, listAgents } = value as Record<string, unknown>;
  return [run, configure, listAgents].every((method) => typeof method === 'function');
}

function importError(path: string, error: unknown): unknown {
  if (error instanceof UsageError || codeOf(error) !== undefined) return error;
  const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new UsageError(`${path} cannot be imported: ${words}`, { cause: error });
}

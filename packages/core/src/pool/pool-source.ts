import type { PoolSource } from '../launch/isolation-strategy.js';

/**
 * How this process was started.
 * @param pool - the number of the pool among those of its entry
 * @param path - the module that a command has loaded the pool from
 */
export function poolSource(pool: number, path: string | undefined): PoolSource {
  const entry = process.argv[1] ?? '';
  return {
    entry,
    packagesFrom: path === undefined ? [entry, process.cwd()] : [path, process.cwd(), entry],
    pool,
    argv: process.argv.slice(2),
    execArgv: process.execArgv,
  };
}

import { UsageError } from '../usage-error.js';
import type { OptionRow } from './option-row.js';
import { verbOptions } from './verb-options.js';
import { workerOptions } from './worker-options.js';

/** Every option of every verb. The command line, the environment, the help and {@link Flags} are derived from it. */
export const optionTable = { ...workerOptions, ...verbOptions };

/** The option values of a verb, read and checked. Options that were not given are absent. */
export type Flags = {
  readonly [Name in keyof typeof optionTable]?: ReturnType<(typeof optionTable)[Name]['read']>;
};

/** A table of options, by name. */
export type OptionTable = Readonly<Record<string, OptionRow<unknown>>>;

/** The table for a pool that exists already: without the path to the agents. */
export function tableWithPool(): OptionTable {
  const { agentsDir: _agentsDir, ...others } = optionTable;
  return others;
}

/** The rows of the table that one verb has, with their names. */
export function rowsOf(
  verb: string,
  table: OptionTable = optionTable,
): readonly (readonly [name: string, row: OptionRow<unknown>])[] {
  return Object.entries(table).filter(([, { verbs }]) =>
    (verbs as readonly string[]).includes(verb),
  );
}

/** The flag of an option: `--max-concurrent-sessions` of `maxConcurrentSessions`. */
export function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The error for an option that was given without the option it needs. */
export function needsFlag(name: keyof Flags, needed: keyof Flags): UsageError {
  return new UsageError(`${flagOf(name)} only works with ${flagOf(needed)}`);
}

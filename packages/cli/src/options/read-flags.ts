import { UsageError } from '../usage-error.js';
import type { Verb } from '../verbs/verb.js';
import { BadValue, type OptionRow } from './option-row.js';
import { type Flags, type OptionTable, flagOf, optionTable, rowsOf } from './table.js';

/** What commander has parsed: texts, and `true` for a switch. */
export type Given = Readonly<Record<string, unknown>>;

/**
 * The values of one verb: flag over argument by position over environment.
 * @param words - arguments that are no flags, in their order
 * @throws UsageError naming the flag or the variable and what it must be
 */
export function readFlags(
  verb: Verb,
  given: Given,
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  table: OptionTable = optionTable,
): Flags {
  const values: Record<string, unknown> = {};
  const places = placesOf(verb, given, table);
  for (const [name, row] of rowsOf(verb, table)) {
    const flag = given[name];
    const word = words[places.indexOf(name)];
    const variable = row.env === undefined || row.envReadByCore ? undefined : env[row.env];
    if (flag !== undefined) values[name] = read(row, String(flag), flagOf(name));
    else if (word !== undefined) values[name] = read(row, word, flagOf(name));
    else if (variable !== undefined && variable.trim() !== '')
      values[name] = read(row, variable, row.env ?? '');
    else if (row.required)
      throw new UsageError(`${verb} needs ${flagOf(name)} ${row.takes}: ${row.help}`);
  }
  const surplus = words[places.length];
  if (surplus !== undefined) throw new UsageError(tooMany(verb, surplus, table));
  return values;
}

/** The options that arguments without a flag stand for, in their order: those whose flag was not given. */
function placesOf(verb: Verb, given: Given, table: OptionTable): readonly string[] {
  return rowsOf(verb, table)
    .filter(([name, { position }]) => position !== undefined && given[name] === undefined)
    .toSorted(([, one], [, other]) => (one.position ?? 0) - (other.position ?? 0))
    .map(([name]) => name);
}

function read(row: OptionRow<unknown>, given: string, where: string): unknown {
  try {
    return row.read(given);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    const got = row.secret ? '' : `, not ${JSON.stringify(given)}`;
    throw new UsageError(`${where} must be ${error.message}${got}`, { cause: error });
  }
}

function tooMany(verb: Verb, word: string, table: OptionTable): string {
  const flags = rowsOf(verb, table)
    .filter(([, { position }]) => position !== undefined)
    .map(([name]) => flagOf(name));
  const takes = flags.length === 0 ? 'no arguments' : `${flags.join(' and ')} once`;
  return `${verb} takes ${takes}; there is no use for ${JSON.stringify(word)}`;
}

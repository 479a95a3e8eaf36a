import { UsageError, usageFaults } from '../usage-error.js';
import type { Verb } from '../verbs/verb.js';
import { BadValue, type OptionRow } from './option-row.js';
import { type Flags, type OptionTable, flagOf, optionTable, rowsOf } from './table.js';

/** The flags parsed by commander: texts, and `true` for a switch. */
export type Given = Readonly<Record<string, unknown>>;

/**
 * The option values of one verb. A flag overrides an argument without a flag, which overrides the variable.
 * @param words - the arguments that are not flags, in order
 * @throws UsageError that names each wrong flag or variable and the values it accepts
 */
export function readFlags(
  verb: Verb,
  given: Given,
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  table: OptionTable = optionTable,
): Flags {
  const values: Record<string, unknown> = {};
  const faults: string[] = [];
  const keep = (name: string, row: OptionRow<unknown>, text: string, where: string) => {
    const value = read(row, text, where);
    if (value instanceof UsageError) faults.push(value.message);
    else values[name] = row.many ? [...listOf(values[name]), ...listOf(value)] : value;
  };
  const positionals = positionalsOf(verb, given, table);
  for (const [name, row] of rowsOf(verb, table)) {
    const flag = given[name];
    const at = positionals.indexOf(name);
    const word = words[at];
    const variable = row.env === undefined || row.envReadByCore ? undefined : env[row.env];
    if (flag !== undefined)
      for (const each of listOf(flag)) keep(name, row, String(each), flagOf(name));
    else if (word !== undefined)
      for (const each of row.many ? words.slice(at) : [word]) keep(name, row, each, flagOf(name));
    else if (variable !== undefined && variable.trim() !== '')
      keep(name, row, variable, row.env ?? '');
    else if (row.required) faults.push(`${verb} needs ${flagOf(name)} ${row.takes}: ${row.help}`);
  }
  const last = positionals.at(-1);
  const takesAll = last !== undefined && table[last]?.many === true;
  const extra = takesAll ? undefined : words[positionals.length];
  if (extra !== undefined) faults.push(extraArgument(verb, extra, table));
  const error = usageFaults(faults);
  if (error !== undefined) throw error;
  return values;
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** The names of the options that arguments without a flag set, in order: those whose flag was not given. */
function positionalsOf(verb: Verb, given: Given, table: OptionTable): readonly string[] {
  return rowsOf(verb, table)
    .filter(([name, { position }]) => position !== undefined && given[name] === undefined)
    .toSorted(([, one], [, other]) => (one.position ?? 0) - (other.position ?? 0))
    .map(([name]) => name);
}

/** The value; a UsageError for one that the option does not accept. */
function read(row: OptionRow<unknown>, given: string, where: string): unknown {
  try {
    return row.read(given);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    const got = row.secret ? '' : `, not ${JSON.stringify(given)}`;
    return new UsageError(`${where} must be ${error.message}${got}`, { cause: error });
  }
}

function extraArgument(verb: Verb, word: string, table: OptionTable): string {
  const flags = rowsOf(verb, table)
    .filter(([, { position }]) => position !== undefined)
    .map(([name]) => flagOf(name));
  const takes = flags.length === 0 ? 'no arguments' : `${flags.join(' and ')} once`;
  return `${verb} takes ${takes}; remove ${JSON.stringify(word)}`;
}

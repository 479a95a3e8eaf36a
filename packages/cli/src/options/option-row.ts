import type { Verb } from '../verbs/verb.js';

/** One option of the command. Its flag is made from the name it has in the table. */
export interface OptionRow<Value> {
  /** What it takes, as shown in the help. A switch takes nothing. */
  readonly takes?: string;
  /**
   * Reads what was given.
   * @throws BadValue saying what it must be, after "must be"
   */
  readonly read: (text: string) => Value;
  readonly help: string;
  readonly verbs: readonly Verb[];
  readonly env?: string;
  /** Read by core, for which what the code says stands over the environment. */
  readonly envReadByCore?: boolean;
  /** Shown in the help; whoever uses the value fills it in. */
  readonly default?: string;
  /** May be given without its flag, as the first or second argument. */
  readonly position?: 1 | 2;
  readonly required?: boolean;
  /** Nobody should see it. */
  readonly secret?: boolean;
}

/** A text that an option cannot take. The message goes on after "must be". */
export class BadValue extends Error {}

/** Any text that is not blank. */
export function text(given: string): string {
  if (given.trim() === '') throw new BadValue('a text that is not blank');
  return given.trim();
}

/** What a switch is read as. */
export function on(): boolean {
  return true;
}

const YES = ['1', 'true', 'yes', 'on'];
const NO = ['0', 'false', 'no', 'off'];

/** What a switch is read as that has a variable, which can say no as well. */
export function yesOrNo(given: string): boolean {
  const word = given.trim().toLowerCase();
  if (YES.includes(word)) return true;
  if (NO.includes(word)) return false;
  throw new BadValue('true or false');
}

/** A whole number from `least` to `most`. */
export function whole(least: number, most: number): (given: string) => number {
  return (given) => {
    const number = Number(given);
    if (/^\s*\d+\s*$/.test(given) && number >= least && number <= most) return number;
    throw new BadValue(`a whole number from ${least} to ${most}`);
  };
}

/** One of several words, however it is written. */
export function oneOf<Word extends string>(words: readonly Word[]): (given: string) => Word {
  return (given) => {
    const word = words.find((each) => each === given.trim().toLowerCase());
    if (word !== undefined) return word;
    throw new BadValue(`one of ${words.join(', ')}`);
  };
}

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
// What a Node timer can count.
const LONGEST_MS = 2_147_483_647;
// As core has it for metrics files.
const SHORTEST_INTERVAL_MS = 250;

/** A time, in seconds or with its unit, as milliseconds. */
export function duration(given: string): number {
  const [, digits, unit = 's'] = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h)?\s*$/.exec(given) ?? [];
  const ms = Math.round(Number(digits) * UNITS[unit as keyof typeof UNITS]);
  if (digits !== undefined && ms <= LONGEST_MS) return ms;
  throw new BadValue('a time of at most 24 days, such as 90, 90s, 15m or 1h');
}

/** The same, and long enough that what is done so often costs little. */
export function interval(given: string): number {
  const ms = duration(given);
  if (ms >= SHORTEST_INTERVAL_MS) return ms;
  throw new BadValue(`a time of at least ${SHORTEST_INTERVAL_MS}ms, such as 500ms, 5s or 1m`);
}

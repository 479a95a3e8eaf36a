import type { Verb } from '../verbs/verb.js';

/** One option of the command. Its flag is made from its name in the table. */
export interface OptionRow<Value> {
  /** The placeholder of its value in the help. Absent for a switch, which has no value. */
  readonly takes?: string;
  /**
   * Reads the text of the flag or the variable.
   * @throws BadValue whose message continues "must be"
   */
  readonly read: (text: string) => Value;
  /** Its description in the help and the README. */
  readonly help: string;
  /** The verbs that have it. */
  readonly verbs: readonly Verb[];
  /** Its environment variable. */
  readonly env?: string;
  /** The variable is read by core, where options in the code override it. */
  readonly envReadByCore?: boolean;
  /** The default as shown in the help; the code that uses the option applies it. */
  readonly default?: string;
  /** What differs in the help of one verb, which shows nothing about other verbs. The README shows `help` and `default`. */
  readonly perVerb?: Readonly<
    Partial<Record<Verb, { readonly help?: string; readonly default?: string | null }>>
  >;
  /** Also accepted without its flag, as the first or second argument. */
  readonly position?: 1 | 2;
  /** It takes all further arguments, and its flag any number. `read` returns a list, and the lists are joined. */
  readonly many?: boolean;
  /** The verb cannot run without it. */
  readonly required?: boolean;
  /** Never shown in a message. */
  readonly secret?: boolean;
}

/** A value that an option does not accept. The message continues "must be". */
export class BadValue extends Error {}

/** Reads any text that is not blank; returns it without surrounding blanks. */
export function text(given: string): string {
  if (given.trim() === '') throw new BadValue('a text that is not blank');
  return given.trim();
}

/** Reads one of several texts. */
export function texts(given: string): readonly string[] {
  return [text(given)];
}

/** Reads a text; one that is blank means none. */
export function textOrNone(given: string): string | null {
  return given.trim() || null;
}

/** Reads a switch: given means true. */
export function on(): boolean {
  return true;
}

const YES = ['1', 'true', 'yes', 'on'];
const NO = ['0', 'false', 'no', 'off'];

/** Reads a switch that has a variable, which can also switch it off. */
export function yesOrNo(given: string): boolean {
  const word = given.trim().toLowerCase();
  if (YES.includes(word)) return true;
  if (NO.includes(word)) return false;
  throw new BadValue('true or false');
}

/** Reads a whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number): (given: string) => number {
  return (given) => {
    const number = Number(given);
    if (/^\s*\d+\s*$/.test(given) && number >= min && number <= max) return number;
    throw new BadValue(`a whole number from ${min} to ${max}`);
  };
}

/** Reads one of several words, in upper or lower case. */
export function oneOf<Word extends string>(words: readonly Word[]): (given: string) => Word {
  return (given) => {
    const word = words.find((each) => each === given.trim().toLowerCase());
    if (word !== undefined) return word;
    throw new BadValue(`one of ${words.join(', ')}`);
  };
}

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
// The longest Node timer.
const MAX_MS = 2_147_483_647;
// The same limit as core's for metrics files.
const MIN_INTERVAL_MS = 250;

/** Reads a time in seconds or with a unit; returns milliseconds. At most 24 days. */
export function duration(given: string): number {
  const [, digits, unit = 's'] = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h)?\s*$/.exec(given) ?? [];
  const ms = Math.round(Number(digits) * UNITS[unit as keyof typeof UNITS]);
  if (digits !== undefined && ms <= MAX_MS) return ms;
  throw new BadValue('a time of at most 24 days, such as 90, 90s, 15m or 1h');
}

/** The same, at least 250 ms: what is done this often must cost little. */
export function interval(given: string): number {
  const ms = duration(given);
  if (ms >= MIN_INTERVAL_MS) return ms;
  throw new BadValue(`a time of at least ${MIN_INTERVAL_MS}ms, such as 500ms, 5s or 1m`);
}

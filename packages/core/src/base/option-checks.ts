import { checkAll } from './all-faults.js';
import { OpenRtcError } from './errors.js';
import { printable } from './printable.js';
import { isRecord, kindOf } from './kind-of.js';
import { didYouMean } from './nearest.js';

// Each function checks one option. `where` begins the error message, e.g. `agent "sales"`. All of them throw
// CONFIG_INVALID_OPTION, and accept `undefined`, which means that the option was not given.

/** The longest delay of a Node timer, in milliseconds: 24.8 days. */
export const MAX_MS = 2_147_483_647;

/** The error for an invalid option. */
export function invalidOption(where: string, problem: string): OpenRtcError {
  return new OpenRtcError('CONFIG_INVALID_OPTION', `${where}: ${problem}`);
}

/** The given options without those that are `undefined`: they must not hide a default. */
export function withoutUndefined<Options extends object>(options: object): Options {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as Options;
}

/** Options must be an object whose keys are all in `known`. `hints` ends the message for some unknown keys. */
export function checkKeys(
  where: string,
  options: unknown,
  known: readonly string[],
  hints: ReadonlyMap<string, string> = new Map(),
): asserts options is Readonly<Record<string, unknown>> {
  if (!isRecord(options))
    throw invalidOption(where, `options must be an object, got ${kindOf(options)}`);
  const unknown = Object.keys(options).filter((key) => !known.includes(key));
  const others = known.length === 0 ? '; there are none' : `; known: ${known.join(', ')}`;
  checkAll(
    unknown.map((key) => () => {
      const hint = hints.get(key) ?? (didYouMean(key, known) || others);
      throw invalidOption(where, `unknown option "${printable(key)}"${hint}`);
    }),
  );
}

/** A greeting: a string, `{ instructions }`, or null. */
export function checkGreeting(where: string, value: unknown): void {
  if (value === undefined || value === null || isText(value)) return;
  if (isRecord(value)) {
    checkKeys(`${where}: greeting`, value, ['instructions']);
    if (isText(value.instructions)) return;
    throw invalidOption(where, 'greeting.instructions must be a string that is not blank');
  }
  const got = typeof value === 'string' ? 'a blank string' : kindOf(value);
  throw invalidOption(where, `greeting must be a text, { instructions: "…" } or null, got ${got}`);
}

/** A whole number from `min` to `max`, both included. */
export function checkWhole(
  where: string,
  key: string,
  value: unknown,
  { min, max }: { readonly min: number; readonly max: number },
): void {
  if (value === undefined) return;
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return;
  throw invalidOption(
    where,
    `${key} must be a whole number from ${min} to ${max}, got ${numberOrKind(value)}`,
  );
}

/** A wrong value as an error shows it. */
function numberOrKind(value: unknown): string {
  return typeof value === 'number' ? String(value) : kindOf(value);
}

/** A string that is not blank. */
export function checkText(where: string, key: string, value: unknown): void {
  if (value === undefined || isText(value)) return;
  const got = typeof value === 'string' ? 'a blank string' : kindOf(value);
  throw invalidOption(where, `${key} must be a string that is not blank, got ${got}`);
}

/** `true` or `false`. */
export function checkBoolean(where: string, key: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw invalidOption(where, `${key} must be true or false, got ${kindOf(value)}`);
}

/** A number from `min` to `max`, both included. */
export function checkNumber(
  where: string,
  key: string,
  value: unknown,
  { min, max }: { readonly min: number; readonly max: number },
): void {
  if (value === undefined) return;
  if (typeof value === 'number' && value >= min && value <= max) return;
  throw invalidOption(
    where,
    `${key} must be a number from ${min} to ${max}, got ${numberOrKind(value)}`,
  );
}

/** A function. */
export function checkFunction(where: string, key: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return;
  throw invalidOption(where, `${key} must be a function, got ${kindOf(value)}`);
}

/** An object, whatever its keys: the SDK checks those. */
export function checkRecord(where: string, key: string, value: unknown): void {
  if (value !== undefined && !isRecord(value)) {
    throw invalidOption(where, `${key} must be an object, got ${kindOf(value)}`);
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '';
}

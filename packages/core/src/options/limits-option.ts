import { isRecord, kindOf } from '../base/kind-of.js';
import { checkKeys, checkWhole, invalidOption, withoutUndefined } from '../base/option-checks.js';
import { WHERE } from './object-options.js';

type Whole = Readonly<Record<string, { readonly min: number; readonly max: number }>>;

/**
 * Checks an option that is an object of numbers, or `false` to turn it off. Returns the object, if it is one.
 * @param defaults - has all keys
 * @param whole - of those that are whole numbers
 * @throws CONFIG_INVALID_OPTION
 */
export function checkLimits(
  name: string,
  value: unknown,
  { defaults, whole }: { readonly defaults: object; readonly whole: Whole },
): Readonly<Record<string, unknown>> | undefined {
  if (value === undefined || value === false) return undefined;
  const keys = Object.keys(defaults);
  if (!isRecord(value))
    throw invalidOption(
      WHERE,
      `${name} must be { ${keys.join(', ')} } or false, got ${kindOf(value)}`,
    );
  checkKeys(`${WHERE}: ${name}`, value, keys);
  for (const [key, range] of Object.entries(whole))
    checkWhole(WHERE, `${name}.${key}`, value[key], range);
  return value;
}

/** Fills in the defaults; undefined: it is turned off. */
export function limitsOf<Limits extends object>(
  defaults: Limits,
  options: { readonly [Key in keyof Limits]?: Limits[Key] | undefined } | false = {},
): Limits | undefined {
  return options === false
    ? undefined
    : { ...defaults, ...withoutUndefined<Partial<Limits>>(options) };
}

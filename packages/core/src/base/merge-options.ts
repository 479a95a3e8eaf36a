import { isPlainObject } from './kind-of.js';

/**
 * Merges options over defaults, key by key, also in the plain objects in them. Everything else (arrays, instances,
 * functions) is replaced as a whole. An option that is `undefined` was not given.
 */
export function mergeOptions<Options extends object>(
  defaults: Options | undefined,
  options: Options | undefined,
): Options {
  const merged: Record<string, unknown> = { ...defaults };
  for (const [key, value] of Object.entries(options ?? {})) {
    if (value === undefined) continue;
    const before = merged[key];
    merged[key] =
      isPlainObject(before) && isPlainObject(value) ? mergeOptions(before, value) : value;
  }
  return merged as Options;
}

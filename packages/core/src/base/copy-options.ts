import { isPlainObject } from './kind-of.js';

/**
 * A copy of options, so that they stay as they were checked: of the arrays and plain objects in them. Everything else
 * is passed on as it is: instances, functions, and objects with symbols, such as the SDK's tools.
 */
export function copyOptions<T>(value: T): T {
  if (Array.isArray(value)) return [...(value as readonly unknown[])] as T;
  if (!isPlainObject(value) || Object.getOwnPropertySymbols(value).length > 0) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, copyOptions(inner)]),
  ) as T;
}

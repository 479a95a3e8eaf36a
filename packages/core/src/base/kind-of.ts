// Objects without options: their content is not in their properties.
const CONTAINERS: ReadonlyMap<string, string> = new Map([
  ['[object Map]', 'a Map'],
  ['[object WeakMap]', 'a WeakMap'],
  ['[object Set]', 'a Set'],
  ['[object WeakSet]', 'a WeakSet'],
  ['[object Promise]', 'a promise'],
  ['[object Date]', 'a Date'],
  ['[object RegExp]', 'a regular expression'],
  ['[object URL]', 'a URL'],
  ['[object URLSearchParams]', 'URLSearchParams'],
]);

/** The kind of a value, for an error message: `null`, `an array`, `a class`, `a Map`. Never its content. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'function') return isClass(value) ? 'a class' : 'a function';
  if (typeof value !== 'object') return `a ${typeof value}`;
  return CONTAINERS.get(tagOf(value)) ?? 'an object';
}

/** True for a function written with the `class` keyword. */
export function isClass(value: unknown): boolean {
  return typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));
}

/** True for an object whose content is in its properties: not for an array, a Map, a Set, a promise and the like. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !CONTAINERS.has(tagOf(value))
  );
}

/** True for an object that is not an instance of a class. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value);
}

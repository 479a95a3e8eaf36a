/** The fields of a JSON object from a file, not validated. */
export type Fields = Readonly<Record<string, unknown>>;

/** The value as an object with fields; undefined for anything else, arrays included. */
export function objectOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : undefined;
}

/** The same, with no fields for anything else. */
export function fieldsOf(value: unknown): Fields {
  return objectOf(value) ?? {};
}

/** The value if it is a finite number, else null. */
export function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** The value if it is a string, else null. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** The value of a JSON text; undefined when it is not JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The caller counts it.
    return undefined;
  }
}

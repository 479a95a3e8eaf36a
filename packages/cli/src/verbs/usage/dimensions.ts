import { BadValue } from '../../options/option-row.js';

/** What usage can be told apart by. */
export const dimensions = ['tenant', 'agent', 'model', 'day'] as const;

/** One of them. */
export type Dimension = (typeof dimensions)[number];

/** Without `--by`. */
export const DEFAULT_BY: readonly Dimension[] = ['tenant', 'agent', 'model'];

/** Reads a list such as `tenant,day`. */
export function readDimensions(given: string): readonly Dimension[] {
  const words = given.split(',').map((word) => word.trim().toLowerCase());
  const known = words.map((word) => dimensions.find((each) => each === word));
  const found = known.filter((each) => each !== undefined);
  if (found.length === words.length && new Set(found).size === words.length) return found;
  throw new BadValue(`some of ${dimensions.join(', ')}, each once, such as tenant,day`);
}

const DAY = /^\d{4}-\d\d-\d\d$/;
const TIME = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/;

/** Reads a day, which begins at midnight UTC, or a time; returns Unix time in milliseconds. */
export function readTime(given: string): number {
  const text = given.trim();
  const day = DAY.test(text) ? text : TIME.exec(text)?.[1];
  const at = day === undefined ? Number.NaN : Date.parse(text);
  // Date.parse() takes the 31st of a month of 30 days.
  if (day !== undefined && !Number.isNaN(at) && dayOf(Date.parse(day)) === day) return at;
  throw new BadValue(
    'a day (UTC) or a time with its zone, such as 2026-11-01 or 2026-11-01T00:00+01:00',
  );
}

/** The day of a time, in UTC: `2026-11-01`. */
export function dayOf(unixMs: number): string {
  const date = new Date(unixMs);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString().slice(0, 10);
}

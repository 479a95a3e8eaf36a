import type { QuarantineLimits } from '../admit/quarantine.js';
import { isRecord, kindOf } from '../base/kind-of.js';
import {
  checkKeys,
  checkWhole,
  invalidOption,
  MAX_MS,
  withoutUndefined,
} from '../base/option-checks.js';
import { WHERE } from './object-options.js';

/** The option `quarantine`: when jobs that fail again and again are refused. All have defaults. */
export interface QuarantineOptions {
  /** The number of calls with the same agent, tenant, metadata and error code that must fail in a row, 1 to 200. Default: 3. */
  failures?: number;
  /** Only failures within this time are counted, in milliseconds. Default: 600 000. */
  windowMs?: number;
  /** How long further calls are refused before one is tried, in milliseconds. Default: 300 000. */
  cooldownMs?: number;
}

const DEFAULTS: QuarantineLimits = { failures: 3, windowMs: 600_000, cooldownMs: 300_000 };

const WHOLE = {
  failures: { min: 1, max: 200 },
  windowMs: { min: 1, max: MAX_MS },
  cooldownMs: { min: 1, max: MAX_MS },
} as const;

/** Checks `quarantine`. */
export function checkQuarantine(value: unknown): void {
  if (value === undefined || value === false) return;
  if (!isRecord(value))
    throw invalidOption(
      WHERE,
      `quarantine must be { ${Object.keys(DEFAULTS).join(', ')} } or false, got ${kindOf(value)}`,
    );
  checkKeys(`${WHERE}: quarantine`, value, Object.keys(DEFAULTS));
  for (const [key, range] of Object.entries(WHOLE))
    checkWhole(WHERE, `quarantine.${key}`, value[key], range);
}

/** Fills in the defaults; undefined: no job is quarantined. */
export function quarantineLimits(
  options: QuarantineOptions | false = {},
): QuarantineLimits | undefined {
  return options === false
    ? undefined
    : { ...DEFAULTS, ...withoutUndefined<Partial<QuarantineLimits>>(options) };
}

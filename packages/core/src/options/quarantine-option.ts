import type { QuarantineLimits } from '../admit/quarantine.js';
import { MAX_MS } from '../base/option-checks.js';
import { checkLimits, limitsOf } from './limits-option.js';

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
  checkLimits('quarantine', value, { defaults: DEFAULTS, whole: WHOLE });
}

/** Fills in the defaults; undefined: no job is quarantined. */
export const quarantineLimits = (
  options?: QuarantineOptions | false,
): QuarantineLimits | undefined => limitsOf(DEFAULTS, options);

import type { BreakerLimits } from '../admit/circuit.js';
import { kindOf } from '../base/kind-of.js';
import { invalidOption, MAX_MS } from '../base/option-checks.js';
import { checkLimits, limitsOf } from './limits-option.js';
import { WHERE } from './object-options.js';

/** The option `breaker`: when the calls of a tenant are refused because too many were not answered. All have defaults. */
export interface BreakerOptions {
  /** Only calls count of which something was heard within this time, in milliseconds. Default: 60 000. */
  windowMs?: number;
  /** The least number of such calls, of one agent of one tenant, 1 to 200. Default: 5. */
  minCalls?: number;
  /** The share of them that were not answered, above 0 and at most 1. Default: 0.5. */
  failureRatio?: number;
  /** How long calls are refused before one is tried, in milliseconds. Default: 30 000. */
  cooldownMs?: number;
  /** A call that is tried and in which nobody asks anything ends the breaker after this time, in milliseconds. Default: 30 000. */
  probeMs?: number;
}

const DEFAULTS: BreakerLimits = {
  windowMs: 60_000,
  minCalls: 5,
  failureRatio: 0.5,
  cooldownMs: 30_000,
  probeMs: 30_000,
};

const WHOLE = {
  windowMs: { min: 1, max: MAX_MS },
  minCalls: { min: 1, max: 200 },
  cooldownMs: { min: 1, max: MAX_MS },
  probeMs: { min: 1, max: MAX_MS },
} as const;

/** Checks `breaker`. */
export function checkBreaker(value: unknown): void {
  const ratio = checkLimits('breaker', value, { defaults: DEFAULTS, whole: WHOLE })?.[
    'failureRatio'
  ];
  if (ratio === undefined || (typeof ratio === 'number' && ratio > 0 && ratio <= 1)) return;
  const got = typeof ratio === 'number' ? String(ratio) : kindOf(ratio);
  throw invalidOption(
    WHERE,
    `breaker.failureRatio must be a number above 0 and at most 1, got ${got}`,
  );
}

/** Fills in the defaults; undefined: there is no breaker. */
export const breakerLimits = (options?: BreakerOptions | false): BreakerLimits | undefined =>
  limitsOf(DEFAULTS, options);

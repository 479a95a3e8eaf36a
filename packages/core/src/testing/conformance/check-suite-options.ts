import {
  MAX_MS,
  checkFunction,
  checkKeys,
  checkWhole,
  invalidOption,
} from '../../base/option-checks.js';
import type { IsolationSuiteOptions } from './isolation-suite-options.js';

const SUITE: readonly (keyof IsolationSuiteOptions)[] = [
  'createStrategy',
  'capacity',
  'crash',
  'patienceMs',
];

/**
 * Checks the options of `isolationCases()`, and with `runner` those of `describeIsolation()`.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION`
 */
export function checkSuiteOptions(options: unknown, { runner = false } = {}): void {
  const where = runner ? 'describeIsolation()' : 'isolationCases()';
  checkKeys(where, options, runner ? [...SUITE, 'it', 'describe'] : SUITE);
  const needed = runner ? ['createStrategy', 'it'] : ['createStrategy'];
  for (const key of needed)
    if (options[key] === undefined) throw invalidOption(where, `${key} is missing`);
  for (const key of ['createStrategy', 'crash', 'it', 'describe'])
    checkFunction(where, key, options[key]);
  // A case has up to three calls at a time.
  checkWhole(where, 'capacity', options['capacity'], { min: 3, max: 100_000 });
  checkWhole(where, 'patienceMs', options['patienceMs'], { min: 1, max: MAX_MS });
}

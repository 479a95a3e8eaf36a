import {
  MAX_MS,
  checkBoolean,
  checkFunction,
  checkKeys,
  checkWhole,
  invalidOption,
} from '../../base/option-checks.js';
import type { ConformanceScenario } from './conformance-pool.js';
import type { IsolationSuiteOptions } from './isolation-suite-options.js';

// All functions throw CONFIG_INVALID_OPTION.

const SUITE: readonly (keyof IsolationSuiteOptions)[] = [
  'createStrategy',
  'capacity',
  'crash',
  'patienceMs',
];

const SCENARIO = {
  maxConcurrentSessions: 'number',
  maxSessionDurationMs: 'number',
  emptyRoomGraceMs: 'number',
  drainTimeoutMs: 'number',
  replacesAfterYes: 'flag',
  prewarmFails: 'flag',
} as const satisfies Readonly<Record<keyof ConformanceScenario, 'number' | 'flag'>>;

/** The options of `isolationCases()`, and with `runner` those of `describeIsolation()`. */
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

/** The scenario of `conformancePool()`. The pool checks the numbers. */
export function checkScenario(scenario: unknown): void {
  const where = 'conformancePool()';
  checkKeys(where, scenario, Object.keys(SCENARIO));
  for (const [key, kind] of Object.entries(SCENARIO))
    if (kind === 'flag') checkBoolean(where, key, scenario[key]);
}

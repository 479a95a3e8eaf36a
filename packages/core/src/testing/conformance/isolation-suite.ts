import { admissionCases } from './admission-cases.js';
import { callCases } from './call-cases.js';
import type { CaseSpec } from './case-spec.js';
import { checkSuiteOptions } from './check-suite-options.js';
import { ConformanceRig } from './conformance-rig.js';
import { endingCases } from './ending-cases.js';
import { eventCases } from './event-cases.js';
import { failureCases } from './failure-cases.js';
import type { IsolationCase, IsolationSuiteOptions } from './isolation-suite-options.js';
import { lifeCases } from './life-cases.js';
import { reloadCases } from './reload-cases.js';
import { signalCases } from './signal-cases.js';

const specs: readonly CaseSpec[] = [
  ...callCases,
  ...endingCases,
  ...failureCases,
  ...signalCases,
  ...eventCases,
  ...admissionCases,
  ...reloadCases,
  ...lifeCases,
];

/**
 * The cases of the conformance suite, to be run without a test runner. Each one starts an endpoint and a pool, so run
 * them one after another.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION`
 */
export function isolationCases(options: IsolationSuiteOptions): readonly IsolationCase[] {
  checkSuiteOptions(options);
  return casesOf(options);
}

function casesOf(options: IsolationSuiteOptions): readonly IsolationCase[] {
  return specs
    .filter(({ applies }) => applies?.(options) ?? true)
    .map((spec) => ({ name: spec.name, run: () => runCase(spec, options) }));
}

/** The functions of a test runner, e.g. of vitest, jest or `node:test`. */
export interface TestRunner {
  /** Defines a test. */
  readonly it: (name: string, run: () => Promise<void>) => unknown;
  /** Groups the tests. Default: no group. */
  readonly describe?: (name: string, define: () => void) => unknown;
}

/**
 * Defines the conformance suite for isolation strategies as tests of a test runner.
 *
 * ```ts
 * import { describe, it } from 'vitest';
 *
 * describeIsolation({ describe, it, createStrategy: () => mine() });
 * ```
 * @throws OpenRtcError `CONFIG_INVALID_OPTION`
 */
export function describeIsolation(options: IsolationSuiteOptions & TestRunner): void {
  checkSuiteOptions(options, { runner: true });
  const { describe, it } = options;
  const define = () => {
    for (const { name, run } of casesOf(options)) it(name, run);
  };
  if (describe === undefined) define();
  else describe('an isolation strategy', define);
}

async function runCase(spec: CaseSpec, options: IsolationSuiteOptions): Promise<void> {
  const rig = await ConformanceRig.open(options, spec.scenario ?? {}, spec.hooks?.());
  try {
    if (spec.starts !== false) await rig.start();
    await spec.body(rig, options);
  } catch (error) {
    // The error of the case matters more than an error of closing.
    await rig.close().catch(() => undefined);
    throw error;
  }
  await rig.close();
}

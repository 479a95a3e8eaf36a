import { admissionCases } from './admission-cases.js';
import { callCases } from './call-cases.js';
import type { CaseSpec } from './case-spec.js';
import { ConformanceRig } from './conformance-rig.js';
import { endingCases } from './ending-cases.js';
import { eventCases } from './event-cases.js';
import { failureCases } from './failure-cases.js';
import type { IsolationCase, IsolationSuiteOptions } from './isolation-suite-options.js';
import { lifeCases } from './life-cases.js';
import { signalCases } from './signal-cases.js';

const specs: readonly CaseSpec[] = [
  ...callCases,
  ...endingCases,
  ...failureCases,
  ...signalCases,
  ...eventCases,
  ...admissionCases,
  ...lifeCases,
];

/**
 * Every promise between a pool and a strategy as a case to be run, for those who have no test runner at
 * hand. Each starts an endpoint and a whole pool of its own; run them one after another.
 */
export function isolationCases(options: IsolationSuiteOptions): readonly IsolationCase[] {
  return specs
    .filter(({ applies }) => applies?.(options) ?? true)
    .map((spec) => ({ name: spec.name, run: () => runCase(spec, options) }));
}

/** What the suite needs of a test runner: vitest's, jest's and `node:test`'s own functions fit. */
export interface TestRunner {
  readonly it: (name: string, run: () => Promise<void>) => unknown;
  /** Set: the cases stand in a group. */
  readonly describe?: (name: string, define: () => void) => unknown;
}

/**
 * The conformance suite for isolation strategies: hands each case to the test runner.
 *
 * ```ts
 * import { describe, it } from 'vitest';
 *
 * describeIsolation({ describe, it, createStrategy: () => mine() });
 * ```
 */
export function describeIsolation(options: IsolationSuiteOptions & TestRunner): void {
  const { describe, it } = options;
  const define = () => {
    for (const { name, run } of isolationCases(options)) it(name, run);
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
    // Why the case failed is worth more than what came of closing.
    await rig.close().catch(() => undefined);
    throw error;
  }
  await rig.close();
}

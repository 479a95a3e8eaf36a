import type { ConformanceRig } from './conformance-rig.js';
import type { ConformanceScenario } from './conformance-pool.js';
import type { IsolationSuiteOptions } from './isolation-suite-options.js';
import type { SeamHooks } from './watched-strategy.js';

/** One case before it is bound to a strategy. */
export interface CaseSpec {
  readonly name: string;
  /** What its pool is like. Default: nothing special. */
  readonly scenario?: ConformanceScenario;
  /** What it does at the seam; a function, because a case may run more than once. */
  readonly hooks?: () => SeamHooks;
  /** False: the body starts the pool by itself. Default: true. */
  readonly starts?: boolean;
  /** Left out of the suite when it returns false. */
  readonly applies?: (options: IsolationSuiteOptions) => boolean;
  readonly body: (rig: ConformanceRig, options: IsolationSuiteOptions) => Promise<void>;
}

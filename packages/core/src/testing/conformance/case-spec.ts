import type { ConformanceRig } from './conformance-rig.js';
import type { ConformanceScenario } from './conformance-pool.js';
import type { IsolationSuiteOptions } from './isolation-suite-options.js';
import type { SeamHooks } from './watched-strategy.js';

/** One case of the suite, independent of a strategy. */
export interface CaseSpec {
  /** The promise that is tested. */
  readonly name: string;
  /** Options of its pool. Default: none. */
  readonly scenario?: ConformanceScenario;
  /** Creates the hooks at the seam, for each run. Default: none. */
  readonly hooks?: () => SeamHooks;
  /** False: the body starts the pool. Default: true. */
  readonly starts?: boolean;
  /** Returns false if the case does not apply to the strategy. Default: it applies. */
  readonly applies?: (options: IsolationSuiteOptions) => boolean;
  /** Rejects with an AssertionError if the promise is not kept. */
  readonly body: (rig: ConformanceRig, options: IsolationSuiteOptions) => Promise<void>;
}

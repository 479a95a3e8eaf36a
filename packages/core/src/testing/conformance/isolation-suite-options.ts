import type { IsolationStrategy } from '../../launch/isolation-strategy.js';
import type { ConformanceScenario } from './conformance-pool.js';

/** Options of the conformance suite: the strategy under test. */
export interface IsolationSuiteOptions {
  /**
   * Creates a strategy for each case. A strategy with other processes passes `scenario` to them as JSON, where
   * `conformancePool(scenario)` must be called.
   */
  createStrategy(scenario: ConformanceScenario): IsolationStrategy | Promise<IsolationStrategy>;
  /**
   * Maximum number of concurrent calls of the strategy, at least 3; `reserve()` must refuse the next one. If set, the
   * suite fills the strategy and checks that the next call is refused. Default: no limit.
   */
  capacity?: number;
  /**
   * Kills the process, container or machine that runs a call. If set, the suite checks the outcome of the call.
   * Default: not tested.
   */
  readonly crash?: (jobId: string) => unknown;
  /** Maximum time to wait for one condition, in milliseconds. Default: 10 000. */
  patienceMs?: number;
}

/** One case of the suite: a promise between a pool and a strategy. */
export interface IsolationCase {
  /** The promise in words. */
  readonly name: string;
  /** Runs the case. Rejects with an AssertionError if the promise is not kept. */
  readonly run: () => Promise<void>;
}

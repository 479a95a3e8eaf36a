import type { IsolationStrategy } from '../../launch/isolation-strategy.js';
import type { ConformanceScenario } from './conformance-pool.js';

/** What the conformance suite needs to know about a strategy. */
export interface IsolationSuiteOptions {
  /**
   * A new strategy for each case. One that runs calls in other processes passes `scenario` on, as JSON,
   * and calls `conformancePool(scenario)` there.
   */
  createStrategy(scenario: ConformanceScenario): IsolationStrategy | Promise<IsolationStrategy>;
  /**
   * How many calls at a time a strategy takes that was made by `createStrategy` and refuses the next with
   * `reserve()`. Set: the suite fills it and checks that the next call goes elsewhere. At least 3.
   */
  capacity?: number;
  /**
   * Kills the process, container or machine in which a call runs, and whatever else runs there. Set: the
   * suite checks what becomes of the call.
   */
  readonly crash?: (jobId: string) => unknown;
  /** Longest wait for anything, in milliseconds. Default: 10 000. */
  patienceMs?: number;
}

/** One promise between a pool and a strategy. */
export interface IsolationCase {
  readonly name: string;
  /** Rejects with an AssertionError when the promise is not kept. */
  readonly run: () => Promise<void>;
}

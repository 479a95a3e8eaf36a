import { EndBudget } from '../base/end-budget.js';
import type { Logger } from '../base/logger.js';

/**
 * The phases of the end of a run, in their order.
 *
 * - `calls`: the live calls end
 * - `reports`: LiveKit gets their final status, and observers are told
 * - `parts`: the connections, the isolation and the models are closed
 * - `operations`: the health server, the files and the socket are closed
 */
export type EndPhase = 'calls' | 'reports' | 'parts' | 'operations';

/** When the calls must have ended after `close()`: their strategy has a second more to say so. */
export const CLOSE_GRACE_MS = 2_200;
// `close()` is over after 4 s, whatever hangs.
const CLOSE_MS = { calls: 3_300, reports: 3_550, parts: 3_800, operations: 4_000 } as const;

/** Calls that have not ended when the drain timed out have this long for their last words and for leaving their rooms. */
export const DRAIN_GRACE_MS = 30_000;
// A strategy has this much longer than the calls to say that they have ended.
const SETTLE_MS = 2_000;
// Time for the final status of the last calls to reach LiveKit, and for observers, whose own limit is the same.
const REPORT_MS = 5_000;
// A process that does not end is killed after 6 s, and the SDK's native part has 10 s.
const PARTS_MS = 20_000;
const OPERATIONS_MS = 5_000;

/** The end of one run: how long each of its phases may last. */
export class Ending {
  readonly #budget = new EndBudget<EndPhase>();
  readonly #logger: Logger;
  #callsUntil = Number.NEGATIVE_INFINITY;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** `close()` was called: everything is over in 4 s. Calls that were hung up before keep the time they were given. */
  close(): void {
    const more = Math.max(0, this.#callsUntil - performance.now() - CLOSE_MS.calls);
    const limits = Object.entries(CLOSE_MS).map(([phase, ms]) => [phase, ms + more]);
    this.#budget.shorten(Object.fromEntries(limits) as typeof CLOSE_MS);
  }

  /** The drain took too long, and the calls were hung up. */
  drainTimedOut(): void {
    this.#callsUntil = performance.now() + DRAIN_GRACE_MS + SETTLE_MS;
    this.#budget.shorten({ calls: DRAIN_GRACE_MS + SETTLE_MS });
  }

  /** Waits for the calls. What they leave unfinished is named by `left`. */
  async calls(idle: () => Promise<void>, left: () => object): Promise<void> {
    const ran = await this.#budget.wait('calls', idle, this.#late('waiting for the calls'));
    if (ran.kind === 'failed') throw ran.error;
    if (ran.kind === 'timeout')
      this.#logger.error(left(), 'calls did not end when they were hung up: going on without them');
  }

  /** Waits for the reports of how the calls have ended. */
  async reports(work: () => Promise<void>): Promise<void> {
    this.#budget.shorten({ reports: REPORT_MS });
    const ran = await this.#budget.wait('reports', work, this.#late('reporting the last calls'));
    if (ran.kind !== 'done')
      this.#logger.warn(
        { ...ran },
        'the end of the last calls could not be reported to LiveKit and all observers',
      );
  }

  /** Begins to close the parts of the worker. */
  beginParts(): void {
    this.#budget.shorten({ parts: PARTS_MS });
  }

  /** Closes one of them. Throws its error; one that takes too long is logged. */
  async part(what: string, work: () => unknown): Promise<void> {
    await this.#close('parts', what, work);
  }

  /** Closes what shows the worker to operators. */
  async operations(work: () => unknown): Promise<void> {
    this.#budget.shorten({ operations: OPERATIONS_MS });
    await this.#close('operations', 'health server, metrics files and socket', work);
  }

  async #close(phase: EndPhase, what: string, work: () => unknown): Promise<void> {
    const ran = await this.#budget.wait(phase, work, this.#late(what));
    if (ran.kind === 'failed') throw ran.error;
    if (ran.kind === 'timeout')
      this.#logger.error({ what }, 'closing takes too long: going on without waiting for it');
  }

  #late(what: string): (error: unknown) => void {
    return (error) => this.#logger.error({ error, what }, 'closing failed after its time');
  }
}

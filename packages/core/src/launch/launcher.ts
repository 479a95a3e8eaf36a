import { OpenRtcError, messageOf } from '../base/errors.js';
import type { Call } from '../call/call.js';
import type { HangUp } from '../call/hang-up.js';
import type { JobTicket } from '../call/job-ticket.js';
import type { Refusal } from '../call/refusal.js';
import type { Isolation, Placement, ProcessCounts, ProcessUsage } from './isolation-strategy.js';

/** Running calls: starts each on the isolation and can hang each up. */
export class Launcher {
  readonly #running = new Map<string, AbortController>();
  #isolation: Isolation | undefined;
  #closing: HangUp | undefined;

  /** Where calls run from here on. A strategy is opened after the flow was built, because it may use all of its host. */
  attach(isolation: Isolation): void {
    this.#isolation = isolation;
  }

  /** Takes a place for a call in the tick of the answer; undefined when the strategy keeps no places. */
  reserve(call: Call): Placement | (Refusal & { readonly cause?: unknown }) | undefined {
    try {
      return this.#isolation?.reserve?.(call);
    } catch (cause) {
      return { refused: 'isolation', message: `reserve() threw: ${messageOf(cause)}`, cause };
    }
  }

  /** Runs a call to its end. Never settles twice for one job; a job id that runs already is refused. */
  async launch(ticket: JobTicket): Promise<void> {
    const { jobId } = ticket.info;
    if (this.#isolation === undefined)
      throw new OpenRtcError(
        'INTERNAL',
        `Job ${jobId} was launched before the isolation was open.`,
      );
    if (this.#running.has(jobId))
      throw new OpenRtcError('INTERNAL', `Job ${jobId} was launched twice.`);
    const abort = new AbortController();
    this.#running.set(jobId, abort);
    if (this.#closing !== undefined) abort.abort(this.#closing);
    try {
      await this.#isolation.run(ticket, abort.signal);
    } finally {
      this.#running.delete(jobId);
    }
  }

  /** Asks one call to end. False when no such call runs. */
  hangUp(jobId: string, hangUp: HangUp): boolean {
    const abort = this.#running.get(jobId);
    abort?.abort(hangUp);
    return abort !== undefined;
  }

  /** Asks every call to end: those that run, and those that were accepted and come yet. */
  hangUpAll(hangUp: HangUp): void {
    this.#closing ??= hangUp;
    for (const jobId of this.#running.keys()) this.hangUp(jobId, hangUp);
  }

  /** The processes calls run in, see {@link Isolation.processes}. */
  async processes(): Promise<readonly ProcessUsage[]> {
    return (await this.#isolation?.processes?.()) ?? [];
  }

  /** Undefined where the isolation does not count processes, because it has none. */
  get processCounts(): ProcessCounts | undefined {
    return this.#isolation?.processCounts?.();
  }

  get jobIds(): readonly string[] {
    return [...this.#running.keys()];
  }
}

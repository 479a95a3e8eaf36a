import { OpenRtcError, messageOf } from '../base/errors.js';
import { kindOf } from '../base/kind-of.js';
import { printable } from '../base/printable.js';
import type { Call } from '../call/call.js';
import type { HangUp } from '../call/hang-up.js';
import type { JobTicket } from '../call/job-ticket.js';
import { type Refusal, isRefusalReason } from '../call/refusal.js';
import type { Isolation, Placement, ProcessCounts, ProcessUsage } from './isolation-strategy.js';

/** The running calls: starts each of them on the isolation, and hangs them up. */
export class Launcher {
  readonly #running = new Map<string, AbortController>();
  #isolation: Isolation | undefined;
  #closing: HangUp | undefined;

  /**
   * Sets where calls run. The isolation is not passed to the constructor, because it is opened after the flow was
   * built: a strategy may use all of its host in `open()`.
   */
  attach(isolation: Isolation): void {
    this.#isolation = isolation;
  }

  /**
   * Takes a place for a call, in the same tick as the answer to LiveKit. Undefined when the strategy has no
   * `reserve()`; a refusal with the cause when `reserve()` throws, and one when its answer is neither of the two.
   */
  reserve(call: Call): Placement | (Refusal & { readonly cause?: unknown }) | undefined {
    try {
      const answer: unknown = this.#isolation?.reserve?.(call);
      return answer === undefined ? undefined : understood(answer);
    } catch (cause) {
      return { refused: 'isolation', message: `reserve() threw: ${messageOf(cause)}`, cause };
    }
  }

  /**
   * Runs a call to its end. Rejects with the error of a call that failed.
   * @throws OpenRtcError `INTERNAL` before {@link attach}, and for a job that runs already
   */
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

  /** Asks one call to end. Returns false when no such call runs. */
  hangUp(jobId: string, hangUp: HangUp): boolean {
    const abort = this.#running.get(jobId);
    abort?.abort(hangUp);
    return abort !== undefined;
  }

  /** Asks every call to end: those that run, and those that were accepted but are not launched yet. */
  hangUpAll(hangUp: HangUp): void {
    this.#closing ??= hangUp;
    for (const jobId of this.#running.keys()) this.hangUp(jobId, hangUp);
  }

  /** The processes that run calls, see {@link Isolation.processes}. Empty when there are none. */
  async processes(): Promise<readonly ProcessUsage[]> {
    return (await this.#isolation?.processes?.()) ?? [];
  }

  /** Number of processes so far. Undefined when the isolation does not count processes. */
  get processCounts(): ProcessCounts | undefined {
    try {
      return this.#isolation?.processCounts?.();
    } catch {
      // As with a strategy that does not count: a snapshot without these figures is better than none.
      return undefined;
    }
  }

  /** Memory of processes that are ready and wait for a call, in bytes. */
  get idleMemoryBytes(): number {
    try {
      const bytes = this.#isolation?.idleMemoryBytes?.();
      return Number.isFinite(bytes) ? Number(bytes) : 0;
    } catch {
      // As without such processes: calls are judged by the memory that is used.
      return 0;
    }
  }

  /** {@link Isolation.prepareChange} of the strategy; undefined when it has none. */
  get prepareChange(): Isolation['prepareChange'] {
    const isolation = this.#isolation;
    return isolation?.prepareChange?.bind(isolation);
  }

  /** Job ids of the calls that run. */
  get jobIds(): readonly string[] {
    return [...this.#running.keys()];
  }
}

/** Strategies may be JavaScript, and a reason is a label of metrics: there is one series for each. */
function understood(answer: unknown): Placement | Refusal {
  const { refused, message, release } = Object(answer) as Record<string, unknown>;
  if (refused !== undefined) {
    if (isRefusalReason(refused)) return { refused, message: String(message) };
    const why = `${String(message)} (reserve() gave the unknown reason "${printable(String(refused))}")`;
    return { refused: 'isolation', message: why };
  }
  if (typeof release === 'function') return answer as Placement;
  return {
    refused: 'isolation',
    message: `reserve() must return { release } or { refused, message } at once, got ${kindOf(answer)}`,
  };
}

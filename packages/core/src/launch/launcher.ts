import { OpenRtcError } from '../base/errors.js';
import type { HangUp, Isolation } from './isolation.js';
import type { JobTicket } from '../call/job-ticket.js';

/** Running calls: starts each on the isolation and can hang each up. */
export class Launcher {
  readonly #isolation: Isolation;
  readonly #running = new Map<string, AbortController>();
  #closing: HangUp | undefined;

  constructor(isolation: Isolation) {
    this.#isolation = isolation;
  }

  /** Runs a call to its end. Never settles twice for one job; a job id that runs already is refused. */
  async launch(ticket: JobTicket): Promise<void> {
    if (this.#running.has(ticket.jobId)) {
      throw new OpenRtcError('INTERNAL', `Job ${ticket.jobId} was launched twice.`);
    }
    const abort = new AbortController();
    this.#running.set(ticket.jobId, abort);
    if (this.#closing !== undefined) abort.abort(this.#closing);
    try {
      await this.#isolation.run(ticket, abort.signal);
    } finally {
      this.#running.delete(ticket.jobId);
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

  get jobIds(): readonly string[] {
    return [...this.#running.keys()];
  }
}

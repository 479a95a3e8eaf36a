import type { JobStatus } from '@livekit/protocol';

import { deferred } from '../base/deferred.js';

/** The final word on one job. */
export interface FinalUpdate {
  readonly jobId: string;
  readonly status: JobStatus.JS_SUCCESS | JobStatus.JS_FAILED;
  /** At most {@link MAX_ERROR_CHARS} characters; LiveKit Cloud shows it on its dashboard. */
  readonly error: string;
}

export const MAX_ERROR_CHARS = 256;

// Enough for every call of a large worker that ended during one outage; past that the oldest goes.
const MAX_QUEUED = 1_000;

interface Entry {
  readonly update: FinalUpdate;
  readonly delivered: () => void;
}

/** The final job updates LiveKit has not confirmed yet; they outlive a lost connection. */
export class FinalUpdates {
  readonly #queue = new Map<string, Entry>();

  /** Queues an update; resolves when {@link confirm} is called for it, or when it had to be dropped. */
  add(update: FinalUpdate): Promise<void> {
    const { promise, resolve } = deferred();
    this.#queue.set(update.jobId, { update, delivered: resolve });
    const [oldest] = this.#queue.keys();
    if (this.#queue.size > MAX_QUEUED && oldest !== undefined) this.confirm([oldest]);
    return promise;
  }

  get pending(): readonly FinalUpdate[] {
    return [...this.#queue.values()].map((entry) => entry.update);
  }

  confirm(jobIds: Iterable<string>): void {
    for (const jobId of jobIds) {
      this.#queue.get(jobId)?.delivered();
      this.#queue.delete(jobId);
    }
  }
}

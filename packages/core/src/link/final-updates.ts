import type { JobStatus } from '@livekit/protocol';

import { deferred } from '../base/deferred.js';

/** The final status of one job. */
export interface FinalUpdate {
  /** The id of the job. */
  readonly jobId: string;
  /** The status for LiveKit, which has none for a cancelled job. */
  readonly status: JobStatus.JS_SUCCESS | JobStatus.JS_FAILED;
  /** The error, cut to {@link MAX_ERROR_CHARS} characters; empty for none. LiveKit Cloud shows it on its dashboard. */
  readonly error: string;
}

/** The maximum length of the error of a {@link FinalUpdate}, in characters. */
export const MAX_ERROR_CHARS = 256;

// Enough for all calls of a large worker that end during one outage. Beyond that the oldest update is dropped.
const MAX_QUEUED = 1_000;

interface Entry {
  readonly update: FinalUpdate;
  readonly delivered: () => void;
}

/** The final updates that LiveKit has not confirmed yet. They are kept while the connection is lost. */
export class FinalUpdates {
  readonly #queue = new Map<string, Entry>();

  /** Queues an update. Resolves when it is confirmed, or when it had to be dropped. */
  add(update: FinalUpdate): Promise<void> {
    const { promise, resolve } = deferred();
    this.#queue.set(update.jobId, { update, delivered: resolve });
    const [oldest] = this.#queue.keys();
    if (this.#queue.size > MAX_QUEUED && oldest !== undefined) this.confirm([oldest]);
    return promise;
  }

  /** The updates that are not confirmed, oldest first. */
  get pending(): readonly FinalUpdate[] {
    return [...this.#queue.values()].map((entry) => entry.update);
  }

  /** Removes the updates of these jobs: LiveKit has them. */
  confirm(jobIds: Iterable<string>): void {
    for (const jobId of jobIds) {
      this.#queue.get(jobId)?.delivered();
      this.#queue.delete(jobId);
    }
  }
}

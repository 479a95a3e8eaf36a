import {
  type AvailabilityRequest,
  type JobAssignment,
  type Job,
  JobStatus,
} from '@livekit/protocol';

import type { Logger } from '../base/logger.js';
import { timeBox } from '../base/time-box.js';
import { type JobOffer, toJobOffer } from '../call/job-offer.js';
import type { LinkTimings } from './link-timings.js';
import type { LinkJobs } from './link-jobs.js';
import type { WorkerConnection } from './worker-connection.js';

/** A job LiveKit gave this worker. */
export interface Assignment {
  readonly job: Job;
  /** Where the room is, when it is not where the worker is connected. */
  readonly url: string | undefined;
  /** Join token for the one room. */
  readonly token: string;
  readonly workerId: string;
}

/** A yes. Exactly one of `assigned` and `abandoned` is called after it. */
export interface Acceptance {
  readonly identity: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  assigned(assignment: Assignment): void;
  /** No assignment will come: free the place. */
  abandoned(why: string): void;
}

/** A no: LiveKit asks another worker. */
export interface Declined {
  readonly refused: string;
}

/** What the link refuses without an answer, or before there is one. */
export type LinkRefusal = 'draining' | 'duplicate' | 'too_slow';

/** Decides an offer, at once or in a moment. */
export type AnswerOffer = (
  offer: JobOffer,
) => Acceptance | Declined | Promise<Acceptance | Declined>;

// The server drops a connection for a frame of 2 MiB, and everybody in the room gets what is in this one.
const MAX_PARTICIPANT_BYTES = 64 * 1024;

export interface PendingOffersOptions {
  readonly onOffer: AnswerOffer;
  /** Told of each refusal that is not the answer of `onOffer`. */
  readonly onRefused: (reason: LinkRefusal) => void;
  /** Told how long LiveKit waited for the answer. */
  readonly onAnswered?: (ms: number, accepted: boolean) => void;
  readonly timings: LinkTimings;
  readonly jobs: LinkJobs;
  readonly logger: Logger;
}

interface Pending {
  readonly acceptance: Acceptance;
  readonly timer: NodeJS.Timeout;
}

/**
 * Offers between their request and their assignment. Every request gets exactly one answer, in time,
 * whatever user code does: a worker that keeps silent loses the job for everybody.
 */
export class PendingOffers {
  readonly #options: PendingOffersOptions;
  readonly #timings: LinkTimings;
  readonly #jobs: LinkJobs;
  readonly #logger: Logger;
  readonly #deciding = new Set<string>();
  readonly #accepted = new Map<string, Pending>();

  constructor(options: PendingOffersOptions) {
    this.#options = options;
    this.#timings = options.timings;
    this.#jobs = options.jobs;
    this.#logger = options.logger;
  }

  async answer(request: AvailabilityRequest, connection: WorkerConnection): Promise<void> {
    const since = performance.now();
    const { job } = request;
    if (job === undefined || job.id === '') {
      this.#logger.warn({}, 'ignored an availability request without a job');
      return;
    }
    const offer = toJobOffer(job);
    const refuse = () => {
      connection.send({ case: 'availability', value: { jobId: offer.jobId, available: false } });
    };
    if (this.#isTaken(offer.jobId)) {
      this.#logger.warn({ jobId: offer.jobId }, 'refused a job that was offered twice');
      this.#options.onRefused('duplicate');
      refuse();
      return;
    }
    this.#deciding.add(offer.jobId);
    let inTime = true;
    const decision = (async () => this.#options.onOffer(offer))();
    const verdict = await timeBox(this.#timings.answerMs, () => decision);
    this.#deciding.delete(offer.jobId);
    switch (verdict.kind) {
      case 'timeout':
        inTime = false;
        this.#logger.error(
          { jobId: offer.jobId, ms: this.#timings.answerMs },
          'refused a job because deciding took too long',
        );
        this.#options.onRefused('too_slow');
        refuse();
        break;
      case 'failed':
        this.#logger.error(
          { jobId: offer.jobId, error: verdict.error },
          'refused a job because deciding failed',
        );
        refuse();
        break;
      case 'done':
        if ('refused' in verdict.value) refuse();
        else this.#accept(offer.jobId, verdict.value, connection);
        break;
    }
    const accepted = verdict.kind === 'done' && !('refused' in verdict.value);
    this.#options.onAnswered?.(performance.now() - since, accepted);
    if (!inTime) this.#abandonLate(offer.jobId, decision);
  }

  assign(message: JobAssignment, connection: WorkerConnection): void {
    const { job } = message;
    const pending = job === undefined ? undefined : this.#accepted.get(job.id);
    // Answering it with a failure would end the call that runs.
    if (job !== undefined && pending === undefined && this.#jobs.has(job.id)) {
      this.#logger.warn({ jobId: job.id }, 'ignored the assignment of a job that runs already');
      return;
    }
    if (job === undefined || pending === undefined) {
      this.#logger.warn(
        { jobId: job?.id },
        'refused to start a job that was not accepted, or accepted too long ago',
      );
      if (job !== undefined) {
        connection.send({
          case: 'updateJob',
          value: { jobId: job.id, status: JobStatus.JS_FAILED, error: 'unknown assignment' },
        });
      }
      return;
    }
    this.#accepted.delete(job.id);
    clearTimeout(pending.timer);
    pending.acceptance.assigned({
      job,
      url: message.url,
      token: message.token,
      workerId: connection.workerId,
    });
  }

  /** The server forgets what a lost connection was promised. */
  connectionLost(why: string): void {
    for (const jobId of this.#accepted.keys()) this.#abandon(jobId, why);
  }

  #isTaken(jobId: string): boolean {
    return this.#deciding.has(jobId) || this.#jobs.has(jobId);
  }

  #accept(jobId: string, acceptance: Acceptance, connection: WorkerConnection): void {
    const bytes = Buffer.byteLength(
      JSON.stringify([acceptance.identity, acceptance.name, acceptance.attributes]),
    );
    if (bytes > MAX_PARTICIPANT_BYTES) {
      this.#logger.error({ bytes }, 'refused a job because its participant would be too large');
      connection.send({ case: 'availability', value: { jobId, available: false } });
      acceptance.abandoned('its participant would be too large');
      return;
    }
    const sent = connection.send({
      case: 'availability',
      value: {
        jobId,
        available: true,
        participantIdentity: acceptance.identity,
        participantName: acceptance.name,
        participantAttributes: { ...acceptance.attributes },
      },
    });
    if (!sent) {
      acceptance.abandoned('the connection was lost before the answer');
      return;
    }
    const timer = setTimeout(
      () => this.#abandon(jobId, 'no assignment came'),
      this.#timings.assignmentMs,
    );
    this.#accepted.set(jobId, { acceptance, timer });
    this.#jobs.open(jobId);
  }

  #abandon(jobId: string, why: string): void {
    const pending = this.#accepted.get(jobId);
    if (pending === undefined) return;
    this.#accepted.delete(jobId);
    clearTimeout(pending.timer);
    this.#jobs.close(jobId);
    this.#logger.warn({ jobId, why }, 'an accepted job was not assigned');
    pending.acceptance.abandoned(why);
  }

  #abandonLate(jobId: string, decision: Promise<Acceptance | Declined>): void {
    decision.then(
      (late) => {
        if (!('refused' in late)) late.abandoned('the decision came too late');
      },
      (error: unknown) =>
        this.#logger.error({ jobId, error }, 'deciding a job failed, after it was refused'),
    );
  }
}

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
import { tooManyBytes } from './participant-size.js';
import type { WorkerConnection } from './worker-connection.js';

/** A job that LiveKit has assigned to this worker. */
export interface Assignment {
  /** The job message of LiveKit. */
  readonly job: Job;
  /** The URL of the server that has the room; undefined for the one the worker is connected to. */
  readonly url: string | undefined;
  /** A join token for this room. */
  readonly token: string;
  /** LiveKit's id of this worker at that time. */
  readonly workerId: string;
}

/**
 * The acceptance of an offer. Exactly one of `assigned` and `abandoned` is called later; `sent` before it, unless the
 * acceptance did not reach LiveKit.
 */
export interface Acceptance {
  /** The identity of the agent in the room. */
  readonly identity: string;
  /** The display name of the agent in the room. */
  readonly name: string;
  /** The attributes of the agent in the room. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Called when the yes has been sent. */
  sent(): void;
  /** Called when LiveKit assigns the job. */
  assigned(assignment: Assignment): void;
  /** Called when no assignment will come, with the reason. */
  abandoned(why: string): void;
}

/** The refusal of an offer. LiveKit then asks another worker. */
export interface Declined {
  /** The reason. */
  readonly refused: string;
}

/** The reason why the link itself refuses an offer. */
export type LinkRefusal = 'draining' | 'duplicate' | 'too_slow' | 'internal';

/** Decides an offer, at once or asynchronously. */
export type AnswerOffer = (
  offer: JobOffer,
) => Acceptance | Declined | Promise<Acceptance | Declined>;

/** Options of {@link PendingOffers}. */
export interface PendingOffersOptions {
  /** Decides an offer. */
  readonly onOffer: AnswerOffer;
  /** Called for each refusal that `onOffer` did not decide. */
  readonly onRefused: (reason: LinkRefusal) => void;
  /** Called after each answer, with the time since the offer in milliseconds. */
  readonly onAnswered?: (ms: number, accepted: boolean) => void;
  /** The time boxes. */
  readonly timings: LinkTimings;
  /** The accepted jobs of the link. */
  readonly jobs: LinkJobs;
  /** The logger. */
  readonly logger: Logger;
}

interface Pending {
  readonly acceptance: Acceptance;
  readonly timer: NodeJS.Timeout;
}

/**
 * The offers between their request and their assignment. Every request gets exactly one answer, in time, whatever
 * user code does: without an answer the job is lost for all workers.
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

  /** Answers the request on its connection. Never rejects. */
  async answer(request: AvailabilityRequest, connection: WorkerConnection): Promise<void> {
    const since = performance.now();
    const { job } = request;
    if (job === undefined || job.id === '') {
      this.#logger.warn({}, 'ignored an availability request without a job');
      return;
    }
    const offer = toJobOffer(job);
    const refuse = (reason?: LinkRefusal) => {
      if (reason !== undefined) this.#options.onRefused(reason);
      connection.send({ case: 'availability', value: { jobId: offer.jobId, available: false } });
    };
    if (this.#isKnown(offer.jobId)) {
      this.#logger.warn({ jobId: offer.jobId }, 'refused a job that was offered twice');
      refuse('duplicate');
      return;
    }
    this.#deciding.add(offer.jobId);
    let accepted = false;
    const decision = (async () => this.#options.onOffer(offer))();
    const verdict = await timeBox(this.#timings.answerMs, () => decision);
    this.#deciding.delete(offer.jobId);
    switch (verdict.kind) {
      case 'timeout':
        this.#logger.error(
          { jobId: offer.jobId, ms: this.#timings.answerMs },
          'refused a job because the decision took too long',
        );
        refuse('too_slow');
        break;
      case 'failed':
        this.#logger.error(
          { jobId: offer.jobId, error: verdict.error },
          'refused a job because the decision failed',
        );
        refuse('internal');
        break;
      case 'done':
        if ('refused' in verdict.value) refuse();
        else accepted = this.#accept(offer.jobId, verdict.value, connection, refuse);
        break;
    }
    this.#options.onAnswered?.(performance.now() - since, accepted);
    if (verdict.kind === 'timeout') this.#abandonLate(offer.jobId, decision);
  }

  /** Passes an assignment to its acceptance. Reports an unknown job as failed. */
  assign(message: JobAssignment, connection: WorkerConnection): void {
    const { job } = message;
    const pending = job === undefined ? undefined : this.#accepted.get(job.id);
    // Reporting a failure would end the running call.
    if (job !== undefined && pending === undefined && this.#jobs.has(job.id)) {
      this.#logger.warn({ jobId: job.id }, 'ignored the assignment of a job that already runs');
      return;
    }
    if (job === undefined || pending === undefined) {
      this.#logger.warn(
        { jobId: job?.id },
        'did not start a job that was not accepted, or was accepted too long ago',
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

  /** Abandons all acceptances: the server forgets those of a lost connection. */
  connectionLost(why: string): void {
    for (const jobId of this.#accepted.keys()) this.#abandon(jobId, why);
  }

  #isKnown(jobId: string): boolean {
    return this.#deciding.has(jobId) || this.#jobs.has(jobId);
  }

  /** Returns false when it refused, or when the connection is lost: then there is no answer. */
  #accept(
    jobId: string,
    acceptance: Acceptance,
    connection: WorkerConnection,
    refuse: (reason: LinkRefusal) => void,
  ): boolean {
    const bytes = tooManyBytes(acceptance.identity, acceptance.name, acceptance.attributes);
    if (bytes !== undefined) {
      const message = 'refused a job because its participant would be too large';
      this.#logger.error({ jobId, bytes }, message);
      refuse('internal');
      acceptance.abandoned('its participant would be too large');
      return false;
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
      return false;
    }
    const timer = setTimeout(
      () => this.#abandon(jobId, 'no assignment came'),
      this.#timings.assignmentMs,
    );
    this.#accepted.set(jobId, { acceptance, timer });
    this.#jobs.open(jobId);
    acceptance.sent();
    return true;
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
        this.#logger.error({ jobId, error }, 'the decision on a job failed after it was refused'),
    );
  }
}

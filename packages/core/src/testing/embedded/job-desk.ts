import { type AvailabilityResponse, JobStatus, type UpdateJobStatus } from '@livekit/protocol';
import { DisconnectReason } from '@livekit/rtc-node';
import { messageOf, OpenRtcError } from '../../base/errors.js';
import type { Dispatcher } from './dispatcher.js';
import { EmbeddedJob, type EmbeddedJobSnapshot } from './embedded-job.js';
import type { EmbeddedFaults } from './faults.js';
import type { HubRoom, LeftBy, Member } from './hub-room.js';
import type { Keys } from './tokens.js';
import type { WorkerConnection } from './embedded-worker.js';

/** Options of {@link JobDesk}. */
export interface JobDeskOptions {
  /** Faults that hold back assignments. */
  readonly faults: EmbeddedFaults;
  /** Finds workers. */
  readonly dispatcher: Dispatcher;
  /** Signs the join tokens of agents. */
  readonly keys: Keys;
  /** The URL that agents join, e.g. `embedded://127.0.0.1:4711`. */
  readonly roomUrl: () => string;
  /** A registered worker by its id. */
  readonly worker: (id: string) => WorkerConnection | undefined;
  /** A job has changed. */
  readonly changed: () => void;
}

// Time that LiveKit gives an agent to leave by itself after its job was terminated.
const LEAVE_GRACE_MS = 3000;

/** Follows every job from its dispatch to its final status, as LiveKit does. */
export class JobDesk {
  readonly #options: JobDeskOptions;
  readonly #jobs = new Map<string, EmbeddedJob>();
  readonly #graceTimers = new Set<NodeJS.Timeout>();

  /** Starts without jobs. */
  constructor(options: JobDeskOptions) {
    this.#options = options;
  }

  /** Every job so far, in the order of dispatch. */
  get snapshots(): readonly EmbeddedJobSnapshot[] {
    return [...this.#jobs.values()].map(({ snapshot }) => snapshot);
  }

  /** Creates a job and starts to look for a worker. */
  dispatch(room: HubRoom, agentName: string, metadata: string): EmbeddedJob {
    const job = new EmbeddedJob(room, agentName, metadata);
    this.#jobs.set(job.id, job);
    void this.#launch(job).catch((error: unknown) => this.#finish(job, 'failed', messageOf(error)));
    return job;
  }

  /** Handles the status of a job from its worker. */
  update(worker: WorkerConnection, { jobId, status, error }: UpdateJobStatus): void {
    const job = this.#jobs.get(jobId);
    if (
      job === undefined ||
      (job.workerId !== worker.id && this.#options.worker(job.workerId) !== undefined)
    ) {
      return;
    }
    if (status === JobStatus.JS_SUCCESS) {
      job.finalReports += 1;
      this.#finish(job, 'success');
    } else if (status === JobStatus.JS_FAILED) {
      job.finalReports += 1;
      this.#finish(job, 'failed', error);
    } else {
      job.run();
      this.#options.changed();
    }
  }

  /** Ends a job as an operator does. Throws `CONFIG_INVALID_OPTION` if it is not running. */
  terminate(jobId: string): void {
    const job = this.#jobs.get(jobId);
    const worker = job === undefined || job.final ? undefined : this.#options.worker(job.workerId);
    if (job === undefined || worker === undefined) {
      throw new OpenRtcError(
        'CONFIG_INVALID_OPTION',
        `no running job ${jobId} on a connected worker`,
      );
    }
    worker.send({ case: 'termination', value: { jobId } });
    const { room, identity } = job;
    const timer = setTimeout(() => {
      this.#graceTimers.delete(timer);
      room.remove(identity, DisconnectReason.PARTICIPANT_REMOVED);
    }, LEAVE_GRACE_MS);
    this.#graceTimers.add(timer);
    this.#finish(job, 'success');
  }

  /** Handles the join of a member, which may be the agent of a job. */
  joined(room: HubRoom, member: Member): void {
    const job = this.#jobOf(room, member);
    if (job !== undefined) {
      job.joined = true;
    }
  }

  /** Handles the end of a membership: the job of an agent without a final status has failed. */
  async left(room: HubRoom, member: Member, by: LeftBy): Promise<void> {
    const job = this.#jobOf(room, member);
    const worker = job === undefined ? undefined : this.#options.worker(job.workerId);
    // A worker that has lost its connection may still report over its next one.
    if (job === undefined || worker === undefined) {
      return;
    }
    if (by === 'itself') {
      // The final status uses another socket than the leave, and may have been sent first.
      await worker.caughtUp();
    }
    if (!job.final) {
      worker.send({ case: 'termination', value: { jobId: job.id } });
      this.#finish(job, 'failed', 'agent worker left the room');
    }
  }

  /** Ends every job that has no final status. */
  close(): void {
    this.#graceTimers.forEach((timer) => clearTimeout(timer));
    for (const job of this.#jobs.values()) {
      this.#finish(job, 'failed', 'the embedded LiveKit endpoint was closed');
    }
  }

  async #launch(job: EmbeddedJob): Promise<void> {
    const verdict = await this.#options.dispatcher.dispatch(job);
    if (verdict.kind === 'lost') {
      this.#finish(job, 'failed', verdict.why);
      return;
    }
    job.workerId = verdict.worker.id;
    if (verdict.kind === 'terminated') {
      this.#finish(job, 'success');
      return;
    }
    await this.#assign(job, verdict.worker, verdict.answer);
  }

  async #assign(
    job: EmbeddedJob,
    worker: WorkerConnection,
    answer: AvailabilityResponse,
  ): Promise<void> {
    job.identity = answer.participantIdentity;
    const token = await this.#options.keys.agentToken({
      room: job.room.state.name,
      identity: answer.participantIdentity,
      name: answer.participantName,
      metadata: answer.participantMetadata,
      attributes: { ...answer.participantAttributes, 'lk.agent_name': job.agentName },
    });
    await this.#options.faults.beforeAssignment();
    if (job.final) {
      return;
    }
    if (this.#options.worker(worker.id) === undefined) {
      this.#finish(job, 'failed', `worker ${worker.id} disconnected before the assignment`);
      return;
    }
    job.run();
    worker.send({
      case: 'assignment',
      value: { job: job.toProto(worker.id), url: this.#options.roomUrl(), token },
    });
    this.#options.changed();
  }

  #jobOf(room: HubRoom, member: Member): EmbeddedJob | undefined {
    return [...this.#jobs.values()].find(
      (job) => job.room === room && job.identity !== '' && job.identity === member.state.identity,
    );
  }

  #finish(job: EmbeddedJob, status: 'success' | 'failed', error = ''): void {
    job.finish(status, error);
    this.#options.changed();
  }
}

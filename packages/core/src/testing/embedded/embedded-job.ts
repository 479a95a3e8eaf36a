import { Job, JobStatus, JobType, Room } from '@livekit/protocol';
import type { HubRoom } from './hub-room.js';
import { newId } from './ids.js';

/** Where a job is. A job nobody took is `failed`, with the reason in `error`. */
export type EmbeddedJobStatus = 'pending' | 'running' | 'success' | 'failed';

/** How a job ended: what LiveKit would have recorded. `error` is empty for a success. */
export interface JobEnd {
  readonly status: 'success' | 'failed';
  readonly error: string;
}

/** A job as it was when asked for: plain data. */
export interface EmbeddedJobSnapshot {
  readonly jobId: string;
  readonly room: string;
  readonly agentName: string;
  /** Empty until a worker took it. */
  readonly workerId: string;
  /** The identity the worker asked for. Empty until a worker took it. */
  readonly agentIdentity: string;
  readonly status: EmbeddedJobStatus;
  readonly error: string;
  /** True once the agent was seen in the room. */
  readonly joined: boolean;
  /** How many final statuses its worker has sent; the first one counts. */
  readonly finalReports: number;
}

/** One job on the endpoint, from its dispatch to its final status. */
export class EmbeddedJob {
  readonly id = newId('AJ');
  readonly room: HubRoom;
  readonly agentName: string;
  /** Settles with the final status; never rejects. */
  readonly ended: Promise<JobEnd>;
  workerId = '';
  identity = '';
  /** True once the agent's participant was seen in the room of this job. */
  joined = false;
  /** Final statuses that came from its worker. */
  finalReports = 0;
  #status: EmbeddedJobStatus = 'pending';
  #error = '';
  #end!: (end: JobEnd) => void;
  readonly #metadata: string;
  readonly #dispatchId = newId('AD');

  constructor(room: HubRoom, agentName: string, metadata: string) {
    this.room = room;
    this.agentName = agentName;
    this.#metadata = metadata;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** True when the final status is known. */
  get final(): boolean {
    return this.#status === 'success' || this.#status === 'failed';
  }

  get snapshot(): EmbeddedJobSnapshot {
    return {
      jobId: this.id,
      room: this.room.state.name,
      agentName: this.agentName,
      workerId: this.workerId,
      agentIdentity: this.identity,
      status: this.#status,
      error: this.#error,
      joined: this.joined,
      finalReports: this.finalReports,
    };
  }

  /** A worker has it. */
  run(): void {
    if (!this.final) {
      this.#status = 'running';
    }
  }

  /** The first final status counts, later ones are ignored. */
  finish(status: JobEnd['status'], error = ''): void {
    if (!this.final) {
      this.#status = status;
      this.#error = error;
      this.#end({ status, error });
    }
  }

  /** The job as the worker gets to see it. LiveKit calls it running from the first offer on. */
  toProto(workerId: string): Job {
    const { name, sid, metadata, createdAt } = this.room.state;
    return new Job({
      id: this.id,
      dispatchId: this.#dispatchId,
      type: JobType.JT_ROOM,
      room: new Room({ name, sid, metadata, creationTime: BigInt(Math.floor(createdAt / 1000)) }),
      metadata: this.#metadata,
      agentName: this.agentName,
      state: { status: JobStatus.JS_RUNNING, workerId },
    });
  }
}

import { Job, JobStatus, JobType, Room } from '@livekit/protocol';
import type { HubRoom } from './hub-room.js';
import { newId } from './ids.js';

/** The status of a job. A job that no worker accepted is `failed`, with the reason in `error`. */
export type EmbeddedJobStatus = 'pending' | 'running' | 'success' | 'failed';

/** The end of a job, as LiveKit would have recorded it. */
export interface JobEnd {
  /** The final status. */
  readonly status: 'success' | 'failed';
  /** The error that the worker reported; empty for a success. */
  readonly error: string;
}

/** The state of a job at one moment, as plain data. */
export interface EmbeddedJobSnapshot {
  /** LiveKit's id of the job. */
  readonly jobId: string;
  /** Name of its room. */
  readonly room: string;
  /** The agent name it was dispatched to; empty for automatic dispatch. */
  readonly agentName: string;
  /** LiveKit's id of the worker; empty until a worker has accepted the job. */
  readonly workerId: string;
  /** The identity that the worker chose for its agent; empty until a worker has accepted the job. */
  readonly agentIdentity: string;
  /** The current status. */
  readonly status: EmbeddedJobStatus;
  /** Why the job failed; empty if it did not. */
  readonly error: string;
  /** True once the agent has joined the room. */
  readonly joined: boolean;
  /** Number of final statuses that the worker has sent; only the first one counts. */
  readonly finalReports: number;
}

/** One job on the endpoint, from its dispatch to its final status. */
export class EmbeddedJob {
  /** LiveKit's id of the job. */
  readonly id = newId('AJ');
  /** The room to join. */
  readonly room: HubRoom;
  /** The agent name it was dispatched to; empty for automatic dispatch. */
  readonly agentName: string;
  /** Resolves with the final status; never rejects. */
  readonly ended: Promise<JobEnd>;
  /** LiveKit's id of the worker; empty until a worker has accepted the job. */
  workerId = '';
  /** The identity of the agent; empty until a worker has accepted the job. */
  identity = '';
  /** True once the agent has joined the room. */
  joined = false;
  /** Number of final statuses that the worker has sent. */
  finalReports = 0;
  #status: EmbeddedJobStatus = 'pending';
  #error = '';
  #end!: (end: JobEnd) => void;
  readonly #metadata: string;
  readonly #dispatchId = newId('AD');

  /** A job that is not dispatched yet. */
  constructor(room: HubRoom, agentName: string, metadata: string) {
    this.room = room;
    this.agentName = agentName;
    this.#metadata = metadata;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** True once the final status is known. */
  get final(): boolean {
    return this.#status === 'success' || this.#status === 'failed';
  }

  /** Why no agent has joined. Only valid for a job that ended without one. */
  get whyNoAgent(): string {
    return this.#status === 'success' ? 'a worker ended the job without running it' : this.#error;
  }

  /** The current state of the job. */
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

  /** A worker runs the job. */
  run(): void {
    if (!this.final) {
      this.#status = 'running';
    }
  }

  /** Ends the job. Only the first final status counts. */
  finish(status: JobEnd['status'], error = ''): void {
    if (!this.final) {
      this.#status = status;
      this.#error = error;
      this.#end({ status, error });
    }
  }

  /** The job in an offer or assignment. As on LiveKit, its status is running from the first offer on. */
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

import {
  JobType,
  type RegisterWorkerRequest,
  type UpdateWorkerStatus,
  WorkerMessage,
  WorkerStatus,
} from '@livekit/protocol';

/** The state of a worker at one moment, as plain data. */
export interface EmbeddedWorkerSnapshot {
  /** LiveKit's id of the worker. As on LiveKit, every connection gets a new one. */
  readonly id: string;
  /** The agent name it registered with. Empty for automatic dispatch. */
  readonly agentName: string;
  /** Its load as it reported last, 0 to 1. 0 before the first report. */
  readonly load: number;
  /** `available`: it accepts jobs. `full`: it gets no offers. */
  readonly status: 'available' | 'full';
  /** Number of jobs that it runs, as it reported last. */
  readonly jobCount: number;
}

/** The status that a worker reported last. */
export type ReportedStatus = Omit<EmbeddedWorkerSnapshot, 'id' | 'agentName'>;

const JOB_TYPES = [JobType.JT_ROOM, JobType.JT_PUBLISHER, JobType.JT_PARTICIPANT];
const MAX_DEPLOYMENT_BYTES = 64;

/** Parses a frame from a worker; undefined if it is not a message. */
export function parseMessage(
  data: Buffer | ArrayBuffer | Buffer[],
  isBinary: boolean,
): WorkerMessage['message'] | undefined {
  try {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
    const { message } = isBinary
      ? WorkerMessage.fromBinary(bytes)
      : WorkerMessage.fromJsonString(bytes.toString('utf8'));
    return message.case === undefined ? undefined : message;
  } catch {
    // The connection is cut, as LiveKit does.
    return undefined;
  }
}

/** True if LiveKit would accept the registration. */
export function canRegister({ type, deployment }: RegisterWorkerRequest): boolean {
  return (
    JOB_TYPES.includes(type) &&
    Buffer.byteLength(deployment) <= MAX_DEPLOYMENT_BYTES &&
    !/[_\s\p{Cc}]/u.test(deployment)
  );
}

/** The status in a report. As on LiveKit, a report without a load resets the load to 0. */
export function statusOf({ status, jobCount, load }: UpdateWorkerStatus): ReportedStatus {
  return {
    // A float32 on the wire: 0.7 arrives as 0.69999998, which is below a target load of 0.7.
    load: Number(load.toPrecision(7)),
    jobCount,
    status: status === WorkerStatus.WS_FULL ? 'full' : 'available',
  };
}

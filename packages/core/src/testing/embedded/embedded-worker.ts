import {
  type AvailabilityResponse,
  type Job,
  JobType,
  type RegisterWorkerRequest,
  ServerInfo,
  ServerInfo_Edition,
  ServerMessage,
  type UpdateJobStatus,
  WorkerMessage,
  WorkerStatus,
} from '@livekit/protocol';
import { randomBytes } from 'node:crypto';
import type { RawData, WebSocket } from 'ws';
import type { EmbeddedFaults } from './faults.js';
import { newId } from './ids.js';

// LiveKit drops a worker that has not registered by then.
const REGISTER_TIMEOUT_MS = 10_000;
const SERVER_INFO = new ServerInfo({
  edition: ServerInfo_Edition.Standard,
  version: 'openrtc-embedded',
  protocol: 16,
  agentProtocol: 1,
  nodeId: 'ND_embedded',
});

/** A worker as it was when asked for: plain data. */
export interface EmbeddedWorkerSnapshot {
  /** New for every connection, as on LiveKit. */
  readonly id: string;
  /** Empty for automatic dispatch. */
  readonly agentName: string;
  /** As last reported: 0 to 1. */
  readonly load: number;
  readonly status: 'available' | 'full';
  /** As last reported by the worker. */
  readonly jobCount: number;
}

/** What the endpoint does about its workers. */
export interface WorkerHost {
  readonly faults: EmbeddedFaults;
  registered(worker: WorkerConnection): void;
  reported(worker: WorkerConnection): void;
  jobUpdated(worker: WorkerConnection, update: UpdateJobStatus): void;
  closed(worker: WorkerConnection): void;
}

/** The answer to an offer, or why there is none. */
export type OfferAnswer = AvailabilityResponse | 'closed' | 'timeout';

/** One worker's WebSocket: LiveKit's side of the worker protocol. */
export class WorkerConnection {
  readonly id = newId('AW');
  readonly #socket: WebSocket;
  readonly #host: WorkerHost;
  readonly #registerTimer: NodeJS.Timeout;
  readonly #offers = new Map<string, (answer: OfferAnswer) => void>();
  #registration: RegisterWorkerRequest | undefined;
  #flapTimer: NodeJS.Timeout | undefined;
  #report: Omit<EmbeddedWorkerSnapshot, 'id' | 'agentName'> = {
    load: 0,
    status: 'available',
    jobCount: 0,
  };
  // A worker that writes text frames is answered in text frames.
  #asJson = false;

  constructor(socket: WebSocket, host: WorkerHost) {
    this.#socket = socket;
    this.#host = host;
    // caughtUp() listens once for each call that ends: a burst of them is no leak.
    socket.setMaxListeners(0);
    this.#registerTimer = setTimeout(() => this.drop(), REGISTER_TIMEOUT_MS);
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('error', () => this.drop());
    socket.on('close', () => this.#closed());
  }

  get snapshot(): EmbeddedWorkerSnapshot {
    return { id: this.id, agentName: this.#registration?.agentName ?? '', ...this.#report };
  }

  /** True when it may be offered jobs of that name: registered for rooms, and connected. */
  serves(agentName: string): boolean {
    const worker = this.#registration;
    return (
      worker !== undefined && worker.type === JobType.JT_ROOM && worker.agentName === agentName
    );
  }

  /** Offers a job. An answer that comes after `signal` aborted is dropped, as on LiveKit. */
  offer(job: Job, signal: AbortSignal): Promise<OfferAnswer> {
    return new Promise((resolve) => {
      const settle = (answer: OfferAnswer) => {
        signal.removeEventListener('abort', timedOut);
        this.#offers.delete(job.id);
        resolve(answer);
      };
      const timedOut = () => settle('timeout');
      signal.addEventListener('abort', timedOut);
      this.#offers.set(job.id, settle);
      this.send({ case: 'availability', value: { job, resuming: false } });
    });
  }

  /** Sends a message; nothing happens on a closed connection. */
  send(message: NonNullable<ConstructorParameters<typeof ServerMessage>[0]>['message']): void {
    if (message?.case === undefined || this.#host.faults.losesToWorker(message.case)) {
      return;
    }
    const frame = new ServerMessage({ message });
    this.sendRaw(this.#asJson ? frame.toJsonString() : frame.toBinary());
  }

  /** Sends a frame as it is; nothing happens on a closed connection. */
  sendRaw(frame: Uint8Array | string): void {
    if (this.#socket.readyState === this.#socket.OPEN) {
      this.#socket.send(frame);
    }
  }

  /** Resolves when all the worker has sent so far was taken, or the connection is gone. */
  caughtUp(): Promise<void> {
    return new Promise((resolve) => {
      const mark = randomBytes(8);
      const done = () => {
        this.#socket.off('pong', heard).off('close', done);
        resolve();
      };
      const heard = (data: Buffer) => {
        if (data.equals(mark)) {
          done();
        }
      };
      if (this.#socket.readyState !== this.#socket.OPEN) {
        resolve();
        return;
      }
      this.#socket.on('pong', heard).on('close', done);
      // The pong comes after all the worker wrote before it: one TCP connection, in order.
      this.#socket.ping(mark);
    });
  }

  /** Cuts the TCP connection without a close frame, as LiveKit does; the worker sees code 1006. */
  drop(): void {
    this.#socket.terminate();
  }

  #receive(data: RawData, isBinary: boolean): void {
    const message = parse(data, isBinary);
    if (message === undefined) {
      this.drop();
      return;
    }
    this.#asJson = !isBinary;
    if (message.case !== undefined && this.#host.faults.losesFromWorker(message.case)) {
      return;
    }
    if (message.case === 'ping') {
      const timestamp = BigInt(Date.now());
      this.send({ case: 'pong', value: { lastTimestamp: message.value.timestamp, timestamp } });
    } else if (message.case === 'register') {
      this.#register(message.value);
    } else if (this.#registration === undefined) {
      this.drop();
    } else {
      this.#dispatch(message);
    }
  }

  #register(request: RegisterWorkerRequest): void {
    if (this.#registration !== undefined || !isRegistrable(request)) {
      this.drop();
      return;
    }
    const { faults } = this.#host;
    if (faults.ignoresRegistration()) {
      return;
    }
    clearTimeout(this.#registerTimer);
    const { flapsAfterMs } = faults;
    const cut = () => {
      faults.countCut();
      this.drop();
    };
    if (flapsAfterMs === 0) {
      cut();
      return;
    }
    if (flapsAfterMs !== undefined) {
      this.#flapTimer = setTimeout(cut, flapsAfterMs);
    }
    this.#registration = request;
    this.send({ case: 'register', value: { workerId: this.id, serverInfo: SERVER_INFO } });
    this.#host.registered(this);
  }

  #dispatch(message: WorkerMessage['message']): void {
    switch (message.case) {
      case 'availability':
        this.#offers.get(message.value.jobId)?.(message.value);
        break;
      case 'updateWorker': {
        // A status without a load resets the load to 0, here as on LiveKit.
        const { status, jobCount } = message.value;
        // A float32 on the wire: 0.7 arrives as 0.69999998, which is below a target load of 0.7.
        const load = Number(message.value.load.toPrecision(7));
        this.#report = {
          load,
          jobCount,
          status: status === WorkerStatus.WS_FULL ? 'full' : 'available',
        };
        this.#host.reported(this);
        break;
      }
      case 'updateJob':
        this.#host.jobUpdated(this, message.value);
        break;
      case 'migrateJob':
      case 'simulateJob':
        // The first does nothing on an open-source LiveKit either; the second is not played here.
        break;
      case 'register':
      case 'ping':
      case undefined:
        // A second registration and an empty message; a ping was answered before.
        this.drop();
        break;
    }
  }

  #closed(): void {
    clearTimeout(this.#registerTimer);
    clearTimeout(this.#flapTimer);
    this.#registration = undefined;
    for (const settle of this.#offers.values()) {
      settle('closed');
    }
    this.#host.closed(this);
  }
}

function parse(data: RawData, isBinary: boolean): WorkerMessage['message'] | undefined {
  try {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
    const { message } = isBinary
      ? WorkerMessage.fromBinary(bytes)
      : WorkerMessage.fromJsonString(bytes.toString('utf8'));
    return message.case === undefined ? undefined : message;
  } catch {
    return undefined;
  }
}

const JOB_TYPES = [JobType.JT_ROOM, JobType.JT_PUBLISHER, JobType.JT_PARTICIPANT];
const MAX_DEPLOYMENT_BYTES = 64;

function isRegistrable({ type, deployment }: RegisterWorkerRequest): boolean {
  return (
    JOB_TYPES.includes(type) &&
    Buffer.byteLength(deployment) <= MAX_DEPLOYMENT_BYTES &&
    !/[_\s\p{Cc}]/u.test(deployment)
  );
}

import {
  type AvailabilityResponse,
  type Job,
  JobType,
  type RegisterWorkerRequest,
  ServerInfo,
  ServerInfo_Edition,
  ServerMessage,
  type UpdateJobStatus,
  type WorkerMessage,
} from '@livekit/protocol';
import { randomBytes } from 'node:crypto';
import type { EndpointSocket } from './endpoint-socket.js';
import type { EmbeddedFaults } from './faults.js';
import { newId } from './ids.js';
import {
  canRegister,
  type EmbeddedWorkerSnapshot,
  parseMessage,
  type ReportedStatus,
  statusOf,
} from './worker-messages.js';

// LiveKit disconnects a worker that has not registered by then.
const REGISTER_TIMEOUT_MS = 10_000;
const SERVER_INFO = new ServerInfo({
  edition: ServerInfo_Edition.Standard,
  version: 'openrtc-embedded',
  protocol: 16,
  agentProtocol: 1,
  nodeId: 'ND_embedded',
});

/** The endpoint, as its worker connections see it. */
export interface WorkerHost {
  /** Faults that apply to every connection. */
  readonly faults: EmbeddedFaults;
  /** The worker has registered. */
  registered(worker: WorkerConnection): void;
  /** The worker has reported its status. */
  reported(worker: WorkerConnection): void;
  /** The worker has reported the status of a job. */
  jobUpdated(worker: WorkerConnection, update: UpdateJobStatus): void;
  /** The connection is closed. */
  closed(worker: WorkerConnection): void;
}

/** The answer to an offer, or the reason why there is none. */
export type OfferAnswer = AvailabilityResponse | 'closed' | 'timeout';

/** The WebSocket of one worker: LiveKit's side of the worker protocol. */
export class WorkerConnection {
  /** LiveKit's id of the worker. */
  readonly id = newId('AW');
  readonly #socket: EndpointSocket;
  readonly #host: WorkerHost;
  readonly #registerTimer: NodeJS.Timeout;
  readonly #offers = new Map<string, (answer: OfferAnswer) => void>();
  #registration: RegisterWorkerRequest | undefined;
  #flapTimer: NodeJS.Timeout | undefined;
  #report: ReportedStatus = { load: 0, status: 'available', jobCount: 0 };
  // A worker that sends text frames gets text frames.
  #asJson = false;

  /** Serves the worker on `socket`. */
  constructor(socket: EndpointSocket, host: WorkerHost) {
    this.#socket = socket;
    this.#host = host;
    // caughtUp() adds a listener for each call that ends, so a burst of them is not a leak.
    socket.setMaxListeners(0);
    this.#registerTimer = setTimeout(() => this.drop(), REGISTER_TIMEOUT_MS);
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('error', () => this.drop());
    socket.on('close', () => this.#closed());
  }

  /** The current state of the worker. */
  get snapshot(): EmbeddedWorkerSnapshot {
    return { id: this.id, agentName: this.#registration?.agentName ?? '', ...this.#report };
  }

  /** True if it can be offered jobs for that agent name: it is connected and registered for rooms. */
  serves(agentName: string): boolean {
    const worker = this.#registration;
    return (
      worker !== undefined && worker.type === JobType.JT_ROOM && worker.agentName === agentName
    );
  }

  /** Offers a job. As on LiveKit, an answer after `signal` aborted is ignored. Never rejects. */
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

  /** Sends a message; does nothing on a closed connection. */
  send(message: NonNullable<ConstructorParameters<typeof ServerMessage>[0]>['message']): void {
    if (message?.case === undefined || this.#host.faults.dropsToWorker(message.case)) {
      return;
    }
    const frame = new ServerMessage({ message });
    this.sendRaw(this.#asJson ? frame.toJsonString() : frame.toBinary());
  }

  /** Sends a raw frame; does nothing on a closed connection. */
  sendRaw(frame: Uint8Array | string): void {
    if (this.#socket.readyState === this.#socket.OPEN) {
      this.#socket.send(frame);
    }
  }

  /** Resolves when everything the worker has sent so far was handled, or the connection is closed. */
  caughtUp(): Promise<void> {
    return new Promise((resolve) => {
      const mark = randomBytes(8);
      const done = () => {
        this.#socket.off('pong', onPong).off('close', done);
        resolve();
      };
      const onPong = (data: Buffer) => {
        if (data.equals(mark)) {
          done();
        }
      };
      if (this.#socket.readyState !== this.#socket.OPEN) {
        resolve();
        return;
      }
      this.#socket.on('pong', onPong).on('close', done);
      // The pong arrives after everything the worker sent before it, because TCP keeps the order.
      this.#socket.ping(mark);
    });
  }

  /** Cuts the TCP connection without a close frame, as LiveKit does. The worker sees code 1006. */
  drop(): void {
    this.#socket.terminate();
  }

  #receive(data: Buffer | ArrayBuffer | Buffer[], isBinary: boolean): void {
    const message = parseMessage(data, isBinary);
    if (message === undefined) {
      this.drop();
      return;
    }
    this.#asJson = !isBinary;
    if (message.case !== undefined && this.#host.faults.dropsFromWorker(message.case)) {
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
    if (this.#registration !== undefined || !canRegister(request)) {
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
      case 'updateWorker':
        this.#report = statusOf(message.value);
        this.#host.reported(this);
        break;
      case 'updateJob':
        this.#host.jobUpdated(this, message.value);
        break;
      case 'migrateJob':
      case 'simulateJob':
        // The first has no effect on an open-source LiveKit either; the second is not supported here.
        break;
      case 'register':
      case 'ping':
      case undefined:
        // A second registration or an empty message; a ping was answered before.
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

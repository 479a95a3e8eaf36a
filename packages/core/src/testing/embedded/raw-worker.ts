import { JobStatus, JobType, ServerMessage, WorkerMessage, WorkerStatus } from '@livekit/protocol';
import { AccessToken, type VideoGrant } from 'livekit-server-sdk';
import { WebSocket } from 'ws';
import type { EmbeddedLiveKit } from './embedded-livekit.js';

type Incoming = ServerMessage['message'];
type Outgoing = NonNullable<NonNullable<ConstructorParameters<typeof WorkerMessage>[0]>['message']>;
type ValueOf<Case extends Incoming['case']> = Extract<Incoming, { case: Case }>['value'];

/** A worker that knows nothing but the wire, for the tests of this folder. */
export class RawWorker {
  /** The close code; 1006 when the connection was cut. */
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  readonly #inbox: Incoming[] = [];
  readonly #readers: { at: Incoming['case']; resolve: (message: Incoming) => void }[] = [];

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('message', (data: Buffer) => this.#take(ServerMessage.fromBinary(data).message));
  }

  /** Opens a connection; rejects with the HTTP status when the token is refused. */
  static async connect(
    endpoint: EmbeddedLiveKit,
    grant: VideoGrant = { agent: true },
  ): Promise<RawWorker> {
    const token = new AccessToken(endpoint.apiKey, endpoint.apiSecret);
    token.addGrant(grant);
    return RawWorker.open(endpoint.url, await token.toJwt());
  }

  static open(url: string, token: string): Promise<RawWorker> {
    const socket = new WebSocket(`${url}/agent`, { headers: { authorization: `Bearer ${token}` } });
    const worker = new RawWorker(socket);
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(worker)).once('error', reject);
    });
  }

  /** Connects and registers for rooms. */
  static async register(endpoint: EmbeddedLiveKit, agentName = ''): Promise<RawWorker> {
    const worker = await RawWorker.connect(endpoint);
    worker.send({ case: 'register', value: { type: JobType.JT_ROOM, agentName, version: 'test' } });
    await worker.next('register');
    return worker;
  }

  send(message: Outgoing): void {
    this.#socket.send(new WorkerMessage({ message }).toBinary());
  }

  sendBytes(bytes: Uint8Array): void {
    this.#socket.send(bytes);
  }

  /** Reports a status, and waits until the endpoint has taken it. */
  async report(
    load: number | undefined,
    status = WorkerStatus.WS_AVAILABLE,
    jobCount = 0,
  ): Promise<void> {
    this.send({
      case: 'updateWorker',
      value: { status, jobCount, ...(load === undefined ? {} : { load }) },
    });
    await this.ping();
  }

  async ping(): Promise<ValueOf<'pong'>> {
    this.send({ case: 'ping', value: { timestamp: 7n } });
    return this.next('pong');
  }

  /** The next message of that kind nobody has read yet. */
  async next<Case extends NonNullable<Incoming['case']>>(at: Case): Promise<ValueOf<Case>> {
    const known = this.#inbox.findIndex((message) => message.case === at);
    const message =
      this.#inbox.splice(known, known < 0 ? 0 : 1)[0] ??
      (await new Promise<Incoming>((resolve) => this.#readers.push({ at, resolve })));
    return message.value as ValueOf<Case>;
  }

  /** Waits for an offer and answers it; returns the id of the job. */
  async answer(answer: {
    available: boolean;
    terminate?: boolean;
    participantIdentity?: string;
  }): Promise<string> {
    const { job } = await this.next('availability');
    const jobId = job?.id ?? '';
    this.send({
      case: 'availability',
      value: { participantIdentity: `agent-${jobId}`, ...answer, jobId },
    });
    return jobId;
  }

  /** Takes the next job. */
  async accept(): Promise<ValueOf<'assignment'>> {
    await this.answer({ available: true });
    return this.next('assignment');
  }

  finish(jobId: string, status = JobStatus.JS_SUCCESS, error = ''): void {
    this.send({ case: 'updateJob', value: { jobId, status, error } });
  }

  close(): void {
    this.#socket.terminate();
  }

  #take(message: Incoming): void {
    const at = this.#readers.findIndex((reader) => reader.at === message.case);
    const reader = at < 0 ? undefined : this.#readers.splice(at, 1)[0];
    if (reader === undefined) {
      this.#inbox.push(message);
    } else {
      reader.resolve(message);
    }
  }
}

import { WorkerMessage } from '@livekit/protocol';
import { WebSocket } from 'ws';

import { deferred } from '../base/deferred.js';
import { OpenRtcError, messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { FrameReader, type Incoming } from './frame-reader.js';
import type { LinkTimings } from './link-timings.js';
import { refusedUpgrade } from './refused-upgrade.js';

// The largest legal job: 512 KiB of job metadata, 512 KiB of room metadata, attributes and framing.
const MAX_FRAME_BYTES = 4 * 1024 * 1024;
// One answer can get lost; a server that is alive answers the second ping.
const MAX_UNANSWERED_BEATS = 2;

/** The payload of a message to the server. */
export type Outgoing = NonNullable<
  NonNullable<ConstructorParameters<typeof WorkerMessage>[0]>['message']
>;

/** Options of a {@link WorkerConnection}. */
export interface ConnectionOptions {
  /** The URL of the worker socket. */
  readonly url: URL;
  /** The token for the authorization header. */
  readonly token: string;
  /** The registration. */
  readonly register: Extract<Outgoing, { case: 'register' }>['value'];
  readonly timings: LinkTimings;
  readonly logger: Logger;
  /** Called for every message after the register response; such a message may come in the same packet. */
  readonly onMessage: (message: Incoming, connection: WorkerConnection) => void;
  /** Called in the same tick as the register response, before any other message. */
  readonly onRegistered: (connection: WorkerConnection) => void;
  /** Ends the wait for the registration when it aborts. */
  readonly signal: AbortSignal;
}

/** One WebSocket connection to LiveKit, from the upgrade to the end. */
export class WorkerConnection {
  /** Resolves with the reason when the socket is closed. Never rejects. */
  readonly closed: Promise<string>;
  readonly #socket: WebSocket;
  readonly #options: ConnectionOptions;
  readonly #registered = deferred();
  readonly #closed = deferred<string>();
  readonly #pongs = new Map<bigint, (answered: boolean) => void>();
  #workerId = '';
  #failed = false;
  #heartbeat: NodeJS.Timeout | undefined;
  #unanswered = 0;
  #pings = 0n;
  #answersPings = false;
  readonly #frames: FrameReader;

  private constructor(options: ConnectionOptions) {
    this.#options = options;
    this.closed = this.#closed.promise;
    this.#frames = new FrameReader(options.logger, () => this.#socket.terminate());
    this.#socket = new WebSocket(options.url, {
      headers: { authorization: `Bearer ${options.token}` },
      maxPayload: MAX_FRAME_BYTES,
      handshakeTimeout: options.timings.registerMs,
    });
    const registerTimer = setTimeout(() => {
      this.#fail(
        'LINK_REGISTER_TIMEOUT',
        `LiveKit did not answer the registration within ${options.timings.registerMs} ms.`,
      );
    }, options.timings.registerMs);
    const onAbort = () => this.#fail('LINK_CLOSED', 'The worker is closing.');
    if (options.signal.aborted) onAbort();
    options.signal.addEventListener('abort', onAbort, { once: true });
    // This only ends the two waits; open() reports a failure.
    const stopWaiting = () => {
      clearTimeout(registerTimer);
      options.signal.removeEventListener('abort', onAbort);
    };
    this.#registered.promise.then(stopWaiting, stopWaiting);
    this.#listen();
  }

  /**
   * Connects and registers. Resolves after the registration, because the server closes the socket when something is
   * sent before its register response.
   * @throws OpenRtcError `LINK_UNAUTHORIZED` on HTTP 401, `LINK_REGISTER_TIMEOUT`, or `LINK_CLOSED`.
   */
  static async open(options: ConnectionOptions): Promise<WorkerConnection> {
    const connection = new WorkerConnection(options);
    await connection.#registered.promise;
    return connection;
  }

  /** LiveKit's id of this worker: another one on each connection, and empty before the registration. */
  get workerId(): string {
    return this.#workerId;
  }

  /** Sends a message. Returns false when the socket is not open; then the message is lost. */
  send(message: Outgoing): boolean {
    if (this.#workerId === '' || this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#write(message);
    return true;
  }

  /**
   * Resolves with true when the server has read everything sent before: it answers a ping after the messages before
   * it. Resolves with false when the socket closes first.
   */
  async flushed(): Promise<boolean> {
    const stamp = ++this.#pings;
    // Not raced against `closed`: that promise lives as long as the connection and would keep every waiter in memory.
    const answered = new Promise<boolean>((resolve) => this.#pongs.set(stamp, resolve));
    if (this.send({ case: 'ping', value: { timestamp: stamp } })) return answered;
    this.#pongs.delete(stamp);
    return false;
  }

  /** Closes the socket after everything sent. Terminates it when the server does not answer within `timeoutMs`. */
  async close(timeoutMs = 1_000): Promise<void> {
    const cut = setTimeout(() => this.#socket.terminate(), timeoutMs);
    this.#socket.close(1000);
    await this.closed;
    clearTimeout(cut);
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('open', () => this.#write({ case: 'register', value: this.#options.register }));
    socket.on('message', (data, isBinary) => {
      this.#unanswered = 0;
      // Frames that were read together still arrive after the socket was terminated.
      if (socket.readyState !== WebSocket.OPEN) return;
      const message = this.#frames.read(data, isBinary);
      if (this.#workerId === '') this.#onFirst(message);
      else if (message?.case === 'pong') this.#onPong(message.value.lastTimestamp);
      else if (message !== undefined) this.#options.onMessage(message, this);
    });
    socket.on('pong', () => {
      // A proxy may answer these pings for a server that no longer exists.
      if (!this.#answersPings) this.#unanswered = 0;
    });
    socket.on('unexpected-response', (_request, response) => {
      const { code, message } = refusedUpgrade(response);
      this.#fail(code, message);
    });
    socket.on('error', (cause) => {
      this.#fail(
        'LINK_CLOSED',
        `LiveKit at ${this.#options.url.host} could not be reached: ${messageOf(cause)}`,
        cause,
      );
    });
    socket.on('close', (code) => {
      clearInterval(this.#heartbeat);
      for (const resolve of this.#pongs.values()) resolve(false);
      this.#pongs.clear();
      this.#fail(
        'LINK_CLOSED',
        `LiveKit closed the connection with ${code} before it answered the registration.`,
      );
      this.#closed.resolve(`socket closed with ${code}`);
    });
  }

  #onFirst(message: Incoming | undefined): void {
    // Frames of one packet still arrive after the first of them was refused.
    if (this.#failed) return;
    if (message?.case !== 'register' || message.value.workerId === '') {
      this.#fail(
        'LINK_CLOSED',
        `LiveKit's first message was ${message?.case ?? 'unreadable'}, not the answer to the registration.`,
      );
      return;
    }
    this.#workerId = message.value.workerId;
    const { heartbeatMs } = this.#options.timings;
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs);
    this.#options.onRegistered(this);
    this.#registered.resolve();
  }

  #onPong(stamp: bigint): void {
    this.#answersPings = true;
    this.#pongs.get(stamp)?.(true);
    this.#pongs.delete(stamp);
  }

  // Counts pings, not time: after this process was stopped or blocked for a while, the answers have arrived and only
  // need to be read.
  #beat(): void {
    if (this.#unanswered >= MAX_UNANSWERED_BEATS) {
      this.#options.logger.warn({ beats: this.#unanswered }, 'LiveKit is silent: reconnecting');
      this.#socket.terminate();
      return;
    }
    this.#unanswered += 1;
    // A WebSocket ping and a ping of the protocol. A server that has once answered the latter must answer it always.
    this.#socket.ping();
    this.send({ case: 'ping', value: { timestamp: 0n } });
  }

  #write(message: Outgoing): void {
    this.#socket.send(new WorkerMessage({ message }).toBinary());
  }

  /** Rejects open() if it is still waiting, and terminates the socket in any case. */
  #fail(
    code: 'LINK_CLOSED' | 'LINK_UNAUTHORIZED' | 'LINK_REGISTER_TIMEOUT',
    message: string,
    cause?: unknown,
  ): void {
    this.#failed = true;
    this.#registered.reject(new OpenRtcError(code, message, { cause }));
    if (this.#workerId !== '') this.#options.logger.debug({ code }, message);
    if (this.#socket.readyState !== WebSocket.CLOSED) this.#socket.terminate();
  }
}

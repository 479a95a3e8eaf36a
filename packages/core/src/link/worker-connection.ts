import { ServerMessage, WorkerMessage } from '@livekit/protocol';
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';

import { deferred } from '../base/deferred.js';
import { OpenRtcError, messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { BadFrames, MAX_BAD_FRAMES_PER_MINUTE } from './bad-frames.js';
import type { LinkTimings } from './link-timings.js';

// The largest legal job: 512 KiB of job metadata, 512 KiB of room metadata, attributes and framing.
const MAX_FRAME_BYTES = 4 * 1024 * 1024;
// One lost answer is bad luck on a bad line; a server that is there answers the second.
const MAX_UNANSWERED_BEATS = 2;

/** The payload of a message to the server. */
export type Outgoing = NonNullable<
  NonNullable<ConstructorParameters<typeof WorkerMessage>[0]>['message']
>;

/** The payload of a message from the server. */
export type Incoming = ServerMessage['message'];

export interface ConnectionOptions {
  readonly url: URL;
  readonly token: string;
  readonly register: Extract<Outgoing, { case: 'register' }>['value'];
  readonly timings: LinkTimings;
  readonly logger: Logger;
  /** Called for every message after the register response, which may come in the same packet. */
  readonly onMessage: (message: Incoming, connection: WorkerConnection) => void;
  /** Called in the same tick as the register response, before any other message. */
  readonly onRegistered: (connection: WorkerConnection) => void;
  readonly signal: AbortSignal;
}

/** One WebSocket to LiveKit, from its upgrade to its end. */
export class WorkerConnection {
  /** Settles with the reason when the socket is gone. Never rejects. */
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
  readonly #badFrames = new BadFrames();
  #saidText = false;

  private constructor(options: ConnectionOptions) {
    this.#options = options;
    this.closed = this.#closed.promise;
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
    // The chain only serves to stop the two waits; open() is who reports a failure.
    const stopWaiting = () => {
      clearTimeout(registerTimer);
      options.signal.removeEventListener('abort', onAbort);
    };
    this.#registered.promise.then(stopWaiting, stopWaiting);
    this.#listen();
  }

  /**
   * Connects and registers. A connection is only handed out registered: whatever is sent before the
   * register response makes the server drop the socket.
   * @throws OpenRtcError `LINK_UNAUTHORIZED` on HTTP 401, `LINK_REGISTER_TIMEOUT`, else `LINK_CLOSED`.
   */
  static async open(options: ConnectionOptions): Promise<WorkerConnection> {
    const connection = new WorkerConnection(options);
    await connection.#registered.promise;
    return connection;
  }

  /** LiveKit's id of this worker; a new one on every connection. */
  get workerId(): string {
    return this.#workerId;
  }

  /** Sends a message. False when the socket is no longer open: the message is then lost. */
  send(message: Outgoing): boolean {
    if (this.#workerId === '' || this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#write(message);
    return true;
  }

  /**
   * Resolves true once the server has read everything sent before: it answers a ping after the
   * messages in front of it. Resolves false when the socket is lost first.
   */
  async flushed(): Promise<boolean> {
    const stamp = ++this.#pings;
    // Not raced against `closed`: that promise lives as long as the connection, and would keep what waits.
    const answered = new Promise<boolean>((resolve) => this.#pongs.set(stamp, resolve));
    if (this.send({ case: 'ping', value: { timestamp: stamp } })) return answered;
    this.#pongs.delete(stamp);
    return false;
  }

  /** Closes in good order, after what was sent; cuts the socket when the server does not follow. */
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
      // Frames that were read in one go are still handed out after the socket was cut.
      if (socket.readyState !== WebSocket.OPEN) return;
      const message = this.#decode(data, isBinary);
      if (this.#workerId === '') this.#onFirst(message);
      else if (message?.case === 'pong') this.#onPong(message.value.lastTimestamp);
      else if (message !== undefined) this.#options.onMessage(message, this);
    });
    socket.on('pong', () => {
      // A proxy may answer these for a server that is gone.
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

  /** A frame that cannot be read costs a log line, never the worker; too many cost the connection. */
  #decode(data: unknown, isBinary: boolean): Incoming | undefined {
    const { logger } = this.#options;
    if (!isBinary || !Buffer.isBuffer(data)) {
      if (!this.#saidText) logger.warn({}, 'ignored a text frame from LiveKit');
      this.#saidText = true;
    } else {
      try {
        return ServerMessage.fromBinary(data).message;
      } catch (error) {
        logger.warn(
          { error: messageOf(error), bytes: data.length },
          'ignored a frame from LiveKit that cannot be decoded',
        );
      }
    }
    if (this.#badFrames.add()) {
      logger.error(
        { frames: MAX_BAD_FRAMES_PER_MINUTE },
        'LiveKit does not make sense: more frames that cannot be read than one minute may have; reconnecting',
      );
      this.#socket.terminate();
    }
    return undefined;
  }

  #onFirst(message: Incoming | undefined): void {
    // Frames of one packet are still read after the first of them was refused.
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

  // Counted in beats, not in time: after this process was stopped or blocked for a while, the answers
  // are there and only wait to be read.
  #beat(): void {
    if (this.#unanswered >= MAX_UNANSWERED_BEATS) {
      this.#options.logger.warn({ beats: this.#unanswered }, 'LiveKit is silent: reconnecting');
      this.#socket.terminate();
      return;
    }
    this.#unanswered += 1;
    // A WebSocket ping and one of the protocol. A server that has answered the second once is held to it.
    this.#socket.ping();
    this.send({ case: 'ping', value: { timestamp: 0n } });
  }

  #write(message: Outgoing): void {
    this.#socket.send(new WorkerMessage({ message }).toBinary());
  }

  /** Rejects open() if it still waits, and cuts the socket either way. */
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

// The body is not read: on 401 it echoes the whole token.
function refusedUpgrade(response: IncomingMessage) {
  response.resume();
  if (response.statusCode !== 401) {
    return {
      code: 'LINK_CLOSED' as const,
      message: `LiveKit answered HTTP ${response.statusCode}. Is LIVEKIT_URL the address of a LiveKit server?`,
    };
  }
  const skew = clockSkewSeconds(response.headers.date);
  const hint =
    Math.abs(skew) > 30 ? ` The clocks differ by ${skew} s, which alone is reason enough.` : '';
  return {
    code: 'LINK_UNAUTHORIZED' as const,
    message: `LiveKit refused the credentials (HTTP 401): check LIVEKIT_API_KEY and LIVEKIT_API_SECRET.${hint}`,
  };
}

function clockSkewSeconds(date: string | undefined): number {
  const server = Date.parse(date ?? '');
  return Number.isNaN(server) ? 0 : Math.round((Date.now() - server) / 1_000);
}

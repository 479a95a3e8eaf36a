import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { OpenRtcError, messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { timeBox } from '../base/time-box.js';
import { shareWork } from './health-load.js';
import { type HealthAnswer, type HealthSource, answer } from './health-routes.js';
import { OneRequest } from './one-request.js';

// Enough for probes and a few scrapers. None of them keeps a connection idle for long.
const MAX_CONNECTIONS = 64;
const IDLE_MS = 5_000;
// Then the client connects again. A scraper asks this often in 25 minutes.
const MAX_REQUESTS = 100;
// Metrics wait for a measurement of the call processes, one of which may be stuck.
const ANSWER_MS = 3_000;

/** Where the worker answers probes and Prometheus over HTTP. */
export interface HealthOptions {
  /** The TCP port. 0 chooses a free one, see `health` of the snapshot. */
  port: number;
  /** The address to listen on. Default: `127.0.0.1`, this machine only. Use `0.0.0.0` or `::` for probes of a cluster. */
  host?: string;
  /** `/metrics` and `/worker` require it as `Authorization: Bearer …`. Default: no token is required. */
  token?: string;
}

/** Answers probes and Prometheus over HTTP. */
export class HealthServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #source: HealthSource;
  readonly #token: string | undefined;
  readonly #logger: Logger;
  // How many requests each connection has sent.
  readonly #taken = new WeakMap<object, number>();

  private constructor(source: HealthSource, token: string | undefined, logger: Logger) {
    this.#source = shareWork(source);
    this.#token = token;
    this.#logger = logger;
    this.#server = createServer(
      {
        headersTimeout: IDLE_MS,
        requestTimeout: IDLE_MS,
        keepAliveTimeout: IDLE_MS,
        maxHeaderSize: 8_192,
        connectionsCheckingInterval: IDLE_MS,
      },
      (request, response) => {
        this.#answer(request, response).catch((error: unknown) =>
          logger.error({ error }, 'the health server could not send an answer'),
        );
      },
    );
    this.#inTurn();
    this.#server.maxConnections = MAX_CONNECTIONS;
    // Also covers a client that stops reading.
    this.#server.setTimeout(IDLE_MS);
  }

  /**
   * Starts to listen.
   * @throws OpenRtcError `CONFIG_PORT_IN_USE` if it cannot listen on that address.
   */
  static async listen(
    { port, host = '127.0.0.1', token }: HealthOptions,
    source: HealthSource,
    logger: Logger,
  ): Promise<HealthServer> {
    const health = new HealthServer(source, token, logger);
    const server = health.#server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenError(error, host, port)));
      server.listen({ port, host }, resolve);
    });
    server.removeAllListeners('error');
    server.on('error', (error) => logger.error({ error }, 'the health server failed'));
    logger.info(health.address, `health and metrics at http://${hostAndPort(health.address)}`);
    return health;
  }

  /** The address it listens on. */
  get address(): { readonly host: string; readonly port: number } {
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  /** Closes the server and every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  /** Lets each connection have one request at a time. */
  #inTurn(): void {
    const server = this.#server;
    const listeners = server.listeners('connection');
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      const client = new OneRequest(socket);
      for (const listener of listeners) Reflect.apply(listener, server, [client]);
    });
  }

  /** Whether the answer to this request is the last one of its connection. */
  #isLast(request: IncomingMessage): boolean {
    const { socket, method } = request;
    const taken = (this.#taken.get(socket) ?? 0) + 1;
    this.#taken.set(socket, taken);
    // The request body is never read.
    const hasBody = method !== 'GET' && method !== 'HEAD';
    return hasBody || taken >= MAX_REQUESTS || clientOf(request).tooEarly;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = {
      method: request.method ?? '',
      // The query string is ignored.
      path: request.url?.split('?', 1)[0] ?? '',
      authorization: request.headers.authorization,
    };
    const ran = await timeBox(ANSWER_MS, () => answer(asked, this.#source, this.#token));
    const { status, type, body, headers } = ran.kind === 'done' ? ran.value : this.#failed(ran);
    response.writeHead(status, {
      'Content-Type': type,
      'Content-Length': Buffer.byteLength(body),
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      ...(this.#isLast(request) ? { Connection: 'close' } : {}),
      ...headers,
    });
    response.once('finish', () => clientOf(request).next());
    response.end(asked.method === 'HEAD' ? undefined : body);
  }

  #failed(ran: { kind: 'failed'; error: unknown } | { kind: 'timeout' }): HealthAnswer {
    this.#logger.error({ ...ran }, 'the health server could not answer a request');
    return { status: 503, type: 'text/plain; charset=utf-8', body: 'temporarily unavailable' };
  }
}

/** Every connection is one, see `#inTurn()`. */
function clientOf({ socket }: IncomingMessage): OneRequest {
  return socket as Duplex as OneRequest;
}

function hostAndPort({ host, port }: { host: string; port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function listenError(cause: Error, host: string, port: number): OpenRtcError {
  const code = (cause as NodeJS.ErrnoException).code;
  const why =
    code === 'EADDRINUSE'
      ? `port ${port} of ${host} is in use: choose another one (health.port; 0 means any free port), or stop the process that uses it`
      : `cannot listen on port ${port} of ${host}: ${messageOf(cause)}`;
  return new OpenRtcError('CONFIG_PORT_IN_USE', `The health server: ${why}.`, { cause });
}

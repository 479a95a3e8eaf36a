import type { ClaimGrants } from 'livekit-server-sdk';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';

import type { EndpointSocket } from './endpoint-socket.js';
import { ROOM_PATH } from './room-wire.js';
import type { ServiceAnswer } from './room-service.js';
import type { Keys } from './tokens.js';

/** Handlers for connections and requests with a valid token. */
export interface FrontDoorOptions {
  /** The keys that tokens are checked with. */
  readonly keys: Keys;
  /** A worker has connected. */
  worker(socket: EndpointSocket): void;
  /** A participant has connected. */
  participant(socket: EndpointSocket, claims: ClaimGrants): void;
  /** Answers a request to the room service. */
  service(path: string, request: unknown): ServiceAnswer;
}

// Workers send at most 2 MiB in a frame, LiveKit drops more.
const MAX_PAYLOAD_BYTES = 2 * 1024 * 1024;

/** The HTTP server of an endpoint: checks tokens and routes workers, participants, and service requests. */
export class FrontDoor {
  readonly #options: FrontDoorOptions;
  readonly #server: Server;
  #port = 0;
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_PAYLOAD_BYTES });

  /** Not listening yet. */
  constructor(options: FrontDoorOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.on(
      'upgrade',
      (request, socket, head: Buffer) => void this.#upgrade(request, socket, head),
    );
  }

  /** Listens on the loopback interface: on a free port the first time, later on the same one. Returns the port. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', () => {
        this.#server.off('error', reject);
        this.#port = (this.#server.address() as AddressInfo).port;
        resolve(this.#port);
      });
    });
  }

  /** Accepts no connections until the next {@link listen}; open ones stay. */
  pause(): void {
    this.#server.close();
  }

  /** Cuts every connection and frees the port. */
  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) {
      socket.terminate();
    }
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    const [target = '', query = ''] = (request.url ?? '').split('?', 2);
    const path = target.replace(/^\/\//, '/');
    if (path !== '/agent' && path !== ROOM_PATH) {
      refuse(socket, '404 Not Found', '404 page not found');
      return;
    }
    const token = bearerOf(request) ?? new URLSearchParams(query).get('access_token') ?? undefined;
    const claims = await this.#options.keys.verify(token);
    const isWorker = path === '/agent';
    const hasIdentity = (claims?.sub ?? '') !== '';
    const allowed = isWorker
      ? claims?.video?.agent
      : claims?.video?.roomJoin === true || !hasIdentity;
    if (claims === undefined || allowed !== true) {
      // As on LiveKit, the answer repeats the token: tests can check that a worker does not log it.
      refuse(socket, '401 Unauthorized', `invalid token: ${token ?? ''}`);
      return;
    }
    if (!isWorker && !hasIdentity) {
      refuse(socket, '400 Bad Request', 'identity cannot be empty');
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (opened) => {
      if (isWorker) {
        this.#options.worker(opened);
      } else {
        this.#options.participant(opened, claims);
      }
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    if (request.method !== 'POST' || !path.startsWith('/twirp/')) {
      const isRoot = path === '/';
      response.writeHead(isRoot ? 200 : 404).end(isRoot ? 'OK' : '404 page not found');
      return;
    }
    if ((await this.#options.keys.verify(bearerOf(request))) === undefined) {
      reply(response, 401, { code: 'unauthenticated', msg: 'invalid token' });
      return;
    }
    try {
      const { status, body } = this.#options.service(path, await readJson(request));
      reply(response, status, body);
    } catch (error) {
      reply(response, 400, { code: 'malformed', msg: String(error) });
    }
  }
}

function bearerOf(request: IncomingMessage): string | undefined {
  const [scheme, token] = request.headers.authorization?.split(' ') ?? [];
  return scheme === 'Bearer' ? token : undefined;
}

function refuse(socket: Duplex, status: string, body: string): void {
  const length = Buffer.byteLength(body);
  socket.end(
    `HTTP/1.1 ${status}\r\nDate: ${new Date().toUTCString()}\r\nConnection: close\r\n` +
      `Content-Type: text/plain\r\nContent-Length: ${length}\r\n\r\n${body}`,
  );
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}');
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

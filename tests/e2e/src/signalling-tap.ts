import { ServerMessage, WorkerMessage } from '@livekit/protocol';
import { once } from 'node:events';
import {
  type IncomingMessage,
  type Server,
  type ServerResponse,
  createServer,
  request as httpRequest,
} from 'node:http';
import { type AddressInfo, type Socket, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { type RawData, WebSocket, WebSocketServer } from 'ws';

/** What passed, and when, by `performance.now()`. */
export interface TapObserver {
  fromServer?(message: ServerMessage, line: TappedLine, atMs: number): void;
  fromWorker?(message: WorkerMessage, line: TappedLine, atMs: number): void;
  /** A worker has connected; it has not registered yet. */
  connected?(line: TappedLine): void;
}

/**
 * Stands between workers and a real server: reads what they say to each other on `/agent`, and can say
 * something itself. Everything else passes as it is, rooms and API alike.
 */
export class SignallingTap {
  readonly #target: URL;
  readonly #observer: TapObserver;
  readonly #server: Server;
  readonly #webSockets = new WebSocketServer({ noServer: true });
  readonly #lines = new Set<TappedLine>();
  readonly #passing = new Set<Duplex>();

  private constructor(target: string, observer: TapObserver) {
    this.#target = new URL(target);
    this.#observer = observer;
    this.#server = createServer((request, response) => this.#pass(request, response));
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  static async start(target: string, observer: TapObserver = {}): Promise<SignallingTap> {
    const tap = new SignallingTap(target, observer);
    tap.#server.listen(0, '127.0.0.1');
    await once(tap.#server, 'listening');
    return tap;
  }

  /** For workers. */
  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Lines whose worker is registered. */
  get registered(): readonly TappedLine[] {
    return [...this.#lines].filter((line) => line.registered);
  }

  async close(): Promise<void> {
    for (const line of this.#lines) line.cut();
    for (const socket of this.#passing) socket.destroy();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!(request.url ?? '').startsWith('/agent')) {
      this.#pipe(request, socket, head);
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (worker) => {
      const upstream = new WebSocket(new URL(request.url ?? '/', this.#target), {
        headers: { authorization: request.headers.authorization ?? '' },
      });
      const line = new TappedLine(worker, upstream, socket, this.#observer);
      this.#lines.add(line);
      worker.on('close', () => this.#lines.delete(line));
      this.#observer.connected?.(line);
    });
  }

  /** A room: its bytes are not looked at. */
  #pipe({ method, url, rawHeaders }: IncomingMessage, socket: Duplex, head: Buffer): void {
    const target = connect(Number(this.#target.port), this.#target.hostname);
    target.write(`${method} ${url} HTTP/1.1\r\n`);
    for (let at = 0; at < rawHeaders.length; at += 2)
      target.write(`${rawHeaders[at]}: ${rawHeaders[at + 1]}\r\n`);
    target.write('\r\n');
    target.write(head);
    target.pipe(socket).pipe(target);
    for (const [one, other] of [
      [target, socket],
      [socket, target],
    ] as const) {
      this.#passing.add(one);
      one.on('error', () => one.destroy());
      one.on('close', () => {
        this.#passing.delete(one);
        other.destroy();
      });
    }
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const { hostname: host, port } = this.#target;
    const { method, url: path, headers } = request;
    const onward = httpRequest({ host, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
    });
    onward.on('error', (error) => response.destroy(error));
    request.pipe(onward);
  }
}

/** One worker's line. */
export class TappedLine {
  readonly #worker: WebSocket;
  readonly #upstream: WebSocket;
  readonly #socket: Duplex;
  #registered = false;

  constructor(worker: WebSocket, upstream: WebSocket, socket: Duplex, observer: TapObserver) {
    this.#worker = worker;
    this.#upstream = upstream;
    this.#socket = socket;
    const open = once(upstream, 'open').then(
      () => true,
      () => false,
    );
    worker.on('message', (data, binary) => {
      if (binary) {
        const atMs = performance.now();
        observer.fromWorker?.(WorkerMessage.fromBinary(bytes(data)), this, atMs);
      }
      void open.then((isOpen) => isOpen && upstream.send(data, { binary }));
    });
    upstream.on('message', (data, binary) => {
      const message = ServerMessage.fromBinary(bytes(data));
      worker.send(data, { binary });
      observer.fromServer?.(message, this, performance.now());
      if (message.message.case === 'register') this.#registered = true;
    });
    worker.on('close', () => this.cut());
    upstream.on('close', () => this.cut());
    // Each is followed by a close, which is what counts.
    for (const side of [worker, upstream]) side.on('error', () => side.terminate());
  }

  get registered(): boolean {
    return this.#registered && this.#worker.readyState === WebSocket.OPEN;
  }

  /** Says something to the worker as if the server did. */
  say(frame: Uint8Array | string): void {
    this.#worker.send(frame);
  }

  /** Writes bytes that need not be a WebSocket frame. */
  write(raw: Uint8Array): void {
    (this.#socket as Socket).write(raw);
  }

  cut(): void {
    this.#registered = false;
    this.#worker.terminate();
    this.#upstream.terminate();
  }
}

function bytes(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

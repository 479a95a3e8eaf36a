import { ServerMessage, WorkerMessage } from '@livekit/protocol';
import { type IncomingMessage, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';

type ToWorker = NonNullable<ConstructorParameters<typeof ServerMessage>[0]>['message'];
type FromWorker = WorkerMessage['message'];
type ValueOf<Case extends FromWorker['case']> = Extract<FromWorker, { case: Case }>['value'];

/** The behaviour of a {@link FakeServer} towards new connections. */
export interface FakeServerScript {
  /** The port; 0 for a free one. Default: 0. */
  port?: number;
  /** Refuses the upgrade with this HTTP answer. */
  refuse?: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    /** LiveKit sends the whole token back on 401. */
    readonly body?: (request: IncomingMessage) => string;
  };
  /** Accepts the TCP connection and never answers the upgrade. Default: false. */
  holds?: boolean;
  /** Answers a registration at once. Default: true. */
  registers?: boolean;
  /** Answers pings of the protocol. Default: true. */
  pongs?: boolean;
  /** Closes the connection right after its registration. Default: false. */
  flaps?: boolean;
}

/** LiveKit's side of the worker protocol, for the tests of this folder: each test decides what the server does. */
export class FakeServer {
  readonly script: FakeServerScript;
  /** All requests for an upgrade, also refused ones. */
  readonly requests: IncomingMessage[] = [];
  /** All connections so far, oldest first. */
  readonly connections: FakeConnection[] = [];
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #held = new Set<Duplex>();
  #unread = 0;
  #readers: (() => void)[] = [];

  private constructor(script: FakeServerScript) {
    this.script = script;
    this.#http = createServer();
    this.#http.on('upgrade', (request, socket, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
  }

  static async start(script: FakeServerScript = {}): Promise<FakeServer> {
    const server = new FakeServer(script);
    await new Promise<void>((resolve) =>
      server.#http.listen(script.port ?? 0, '127.0.0.1', resolve),
    );
    return server;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** The number of open sockets. */
  get open(): number {
    return this.#sockets.clients.size;
  }

  /** The next connection that the test has not got yet. Waits for it if necessary. */
  async connection(): Promise<FakeConnection> {
    const at = this.#unread;
    this.#unread += 1;
    while (this.connections[at] === undefined)
      await new Promise<void>((resolve) => this.#readers.push(resolve));
    return this.connections[at];
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    for (const socket of this.#held) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#http.close(() => resolve());
      this.#http.closeAllConnections();
    });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.requests.push(request);
    const { refuse, holds = false } = this.script;
    if (holds) {
      this.#held.add(socket);
      return;
    }
    if (refuse !== undefined) {
      const headers = Object.entries(refuse.headers ?? {}).map(
        ([name, value]) => `${name}: ${value}\r\n`,
      );
      const body = refuse.body?.(request) ?? '';
      socket.end(
        `HTTP/1.1 ${refuse.status} No\r\nConnection: close\r\n${headers.join('')}\r\n${body}`,
      );
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (opened) => {
      this.connections.push(
        new FakeConnection(opened, socket, `AW_${this.connections.length + 1}`, this.script),
      );
      for (const read of this.#readers.splice(0)) read();
    });
  }
}

/** One worker's connection, with everything it has sent, in order. */
export class FakeConnection {
  readonly received: FromWorker[] = [];
  /** Every frame was binary. */
  allBinary = true;
  readonly workerId: string;
  /** Resolves when the socket is gone. */
  readonly closed: Promise<void>;
  readonly #socket: WebSocket;
  readonly #raw: Duplex;
  readonly #script: FakeServerScript;
  readonly #read = new Set<FromWorker>();
  #readers: (() => void)[] = [];

  constructor(socket: WebSocket, raw: Duplex, workerId: string, script: FakeServerScript) {
    this.#socket = socket;
    this.#raw = raw;
    this.workerId = workerId;
    this.#script = { ...script };
    this.closed = new Promise((resolve) => socket.on('close', () => resolve()));
    socket.on('message', (data: RawData, isBinary) => {
      this.allBinary &&= isBinary;
      this.#take(WorkerMessage.fromBinary(data as Buffer).message);
    });
    // Some tests make the worker terminate the socket.
    socket.on('error', () => socket.terminate());
  }

  /** The names of all received messages, in order. */
  get cases(): FromWorker['case'][] {
    return this.received.map((message) => message.case);
  }

  all<Case extends FromWorker['case']>(name: Case): ValueOf<Case>[] {
    return this.received
      .filter((message) => message.case === name)
      .map((message) => message.value as ValueOf<Case>);
  }

  /** The next message with this name for which `fits` is true and that the test has not got yet. */
  async next<Case extends NonNullable<FromWorker['case']>>(
    name: Case,
    fits: (value: ValueOf<Case>) => boolean = () => true,
  ): Promise<ValueOf<Case>> {
    for (;;) {
      const found = this.received.find(
        (message) =>
          message.case === name && !this.#read.has(message) && fits(message.value as ValueOf<Case>),
      );
      if (found !== undefined) {
        this.#read.add(found);
        return found.value as ValueOf<Case>;
      }
      await new Promise<void>((resolve) => this.#readers.push(resolve));
    }
  }

  /** Sends messages in one TCP packet. */
  send(...messages: ToWorker[]): void {
    this.#raw.cork();
    for (const message of messages)
      this.#socket.send(new ServerMessage({ message: message! }).toBinary());
    this.#raw.uncork();
  }

  /** The answer to a registration. */
  get registration(): ToWorker {
    return { case: 'register', value: { workerId: this.workerId } };
  }

  sendRaw(data: Uint8Array | string): void {
    this.#socket.send(data);
  }

  /** Resolves when the worker has handled everything sent before, and its answers have arrived. */
  async settled(): Promise<void> {
    const mark = Buffer.from(crypto.randomUUID());
    await new Promise<void>((resolve) => {
      this.#socket.on('pong', (data) => {
        if (data.equals(mark)) resolve();
      });
      this.#socket.ping(mark);
    });
    // The worker answers a ping in the tick of its frame, but a message before it a few microtasks later.
    await new Promise<void>((resolve) => {
      this.#socket.once('pong', () => resolve());
      this.#socket.ping();
    });
  }

  /** Ends the TCP connection without a close frame, as LiveKit does. */
  drop(): void {
    this.#socket.terminate();
  }

  /** Closes the connection with a close frame. */
  goodbye(code = 1000): void {
    this.#socket.close(code);
  }

  /** Stops answering pings of the protocol, like a dead server behind a live proxy. */
  mute(): void {
    this.#script.pongs = false;
  }

  /** Stops reading and answering, like a server that was stopped or unplugged. */
  freeze(): void {
    this.#socket.pause();
  }

  /** Starts reading again. */
  thaw(): void {
    this.#socket.resume();
  }

  pong(timestamp: bigint): void {
    this.send({ case: 'pong', value: { lastTimestamp: timestamp, timestamp: 0n } });
  }

  #take(message: FromWorker): void {
    this.received.push(message);
    const { registers = true, pongs = true, flaps = false } = this.#script;
    if (message.case === 'register' && registers) {
      this.send(this.registration);
      if (flaps) this.drop();
    }
    if (message.case === 'ping' && pongs) this.pong(message.value.timestamp);
    for (const read of this.#readers.splice(0)) read();
  }
}

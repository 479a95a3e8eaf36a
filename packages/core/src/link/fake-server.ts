import { ServerMessage, WorkerMessage } from '@livekit/protocol';
import { type IncomingMessage, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';

type ToWorker = NonNullable<ConstructorParameters<typeof ServerMessage>[0]>['message'];
type FromWorker = WorkerMessage['message'];
type ValueOf<Case extends FromWorker['case']> = Extract<FromWorker, { case: Case }>['value'];

/** How a {@link FakeServer} behaves towards connections that come from now on. */
export interface FakeServerScript {
  /** The port; 0 picks a free one. */
  port?: number;
  /** Refuses the upgrade with this HTTP answer. */
  refuse?: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    /** As LiveKit, which shows the whole token again on 401. */
    readonly body?: (request: IncomingMessage) => string;
  };
  /** Takes the TCP connection and never answers the upgrade. */
  holds?: boolean;
  /** Answers a registration at once. Default: true. */
  registers?: boolean;
  /** Answers pings of the protocol. Default: true. */
  pongs?: boolean;
  /** Cuts the connection right after it has registered. */
  flaps?: boolean;
}

/** LiveKit's side of the worker protocol with nothing decided: a test says what it does, for the tests of this folder. */
export class FakeServer {
  readonly script: FakeServerScript;
  /** Every upgrade that was asked for, refused ones too. */
  readonly requests: IncomingMessage[] = [];
  /** Every connection there was, in order. */
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

  /** Sockets that are open at this moment. */
  get open(): number {
    return this.#sockets.clients.size;
  }

  /** The next connection nobody has taken yet. */
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
    // A worker that cuts the socket is what some tests are about.
    socket.on('error', () => socket.terminate());
  }

  /** What was sent, by name. */
  get cases(): FromWorker['case'][] {
    return this.received.map((message) => message.case);
  }

  all<Case extends FromWorker['case']>(name: Case): ValueOf<Case>[] {
    return this.received
      .filter((message) => message.case === name)
      .map((message) => message.value as ValueOf<Case>);
  }

  /** The next message of that name that `fits` and nobody has read yet. */
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

  /** Resolves when the worker has handled everything sent before, and what it said about it is here. */
  async settled(): Promise<void> {
    const mark = Buffer.from(crypto.randomUUID());
    await new Promise<void>((resolve) => {
      this.#socket.on('pong', (data) => {
        if (data.equals(mark)) resolve();
      });
      this.#socket.ping(mark);
    });
    // The worker answers a ping in the tick of its frame, and messages before it a few microtasks later.
    await new Promise<void>((resolve) => {
      this.#socket.once('pong', () => resolve());
      this.#socket.ping();
    });
  }

  /** Cuts the TCP connection without a word, as LiveKit does. */
  drop(): void {
    this.#socket.terminate();
  }

  /** Closes in good order. */
  goodbye(code = 1000): void {
    this.#socket.close(code);
  }

  /** Answers no ping of the protocol any more, as a server behind a proxy that is still there. */
  mute(): void {
    this.#script.pongs = false;
  }

  /** Reads nothing any more and answers nothing, as a server that was stopped or unplugged. */
  freeze(): void {
    this.#socket.pause();
  }

  /** Reads again, first of all how the connection has ended. */
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

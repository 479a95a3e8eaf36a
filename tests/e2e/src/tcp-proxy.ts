import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';

interface Pipe {
  readonly path: string;
  /** Passes nothing on in either direction, and keeps it. */
  stall(): void;
  flow(): void;
  cut(): void;
}

/**
 * A TCP proxy that knows of each connection only the path of its first HTTP request, and can cut those
 * of some paths: the worker's signalling, say, and not its rooms.
 */
export class TcpProxy {
  readonly #server: Server;
  readonly #target: URL;
  readonly #pipes = new Set<Pipe>();
  #isCut: (path: string) => boolean = () => false;
  #stalled = false;

  private constructor(target: URL) {
    this.#target = target;
    this.#server = createServer((socket) => this.#take(socket));
  }

  static async start(target: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(new URL(target));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Paths of the connections there are. */
  get paths(): readonly string[] {
    return [...this.#pipes].map(({ path }) => path);
  }

  /** Resets every connection whose path fits, and those to come. */
  cut(isCut: (path: string) => boolean): void {
    this.#isCut = isCut;
    for (const pipe of this.#pipes) if (isCut(pipe.path)) pipe.cut();
  }

  /** Carries nothing any more and keeps every connection, those to come as well: a line that is gone for a while. */
  stall(): void {
    this.#stalled = true;
    for (const pipe of this.#pipes) pipe.stall();
  }

  heal(): void {
    this.#isCut = () => false;
    if (this.#stalled) for (const pipe of this.#pipes) pipe.flow();
    this.#stalled = false;
  }

  async close(): Promise<void> {
    for (const pipe of this.#pipes) pipe.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #take(client: Socket): void {
    let head = '';
    const onData = (data: Buffer) => {
      head += data.toString('latin1');
      if (!head.includes('\r\n')) return;
      client.off('data', onData);
      client.pause();
      this.#pipe(client, head.split(' ')[1] ?? '', Buffer.from(head, 'latin1'));
    };
    client.on('data', onData);
    client.on('error', () => client.destroy());
  }

  #pipe(client: Socket, path: string, head: Buffer): void {
    if (this.#isCut(path)) {
      client.resetAndDestroy();
      return;
    }
    const server = connect(Number(this.#target.port), this.#target.hostname);
    const flow = () => {
      client.pipe(server);
      server.pipe(client);
    };
    const pipe: Pipe = {
      path,
      flow,
      stall: () => {
        client.unpipe(server).pause();
        server.unpipe(client).pause();
      },
      cut: () => {
        client.resetAndDestroy();
        server.resetAndDestroy();
      },
    };
    this.#pipes.add(pipe);
    server.on('error', () => server.destroy());
    server.on('close', () => client.destroy());
    client.on('close', () => {
      server.destroy();
      this.#pipes.delete(pipe);
    });
    server.write(head);
    if (!this.#stalled) flow();
  }
}

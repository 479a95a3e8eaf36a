import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { ProxiedConnection } from './proxied-connection.js';
import type { ProxyMode } from './proxy-mode.js';

/** Options of {@link startTcpProxy}. */
export interface TcpProxyOptions {
  /** Where connections go. */
  readonly target: { readonly host: string; readonly port: number };
  /**
   * Only HTTP connections whose first request is for this path, or for one below it, suffer faults;
   * everything else passes. E.g. `/agent`: the worker's connection to LiveKit, and not its rooms.
   * Default: every connection suffers.
   */
  readonly only?: string;
}

/** A line that can be damaged. Get one from {@link startTcpProxy}. */
export class TcpProxy implements AsyncDisposable {
  readonly #options: TcpProxyOptions;
  readonly #server: Server;
  readonly #connections = new Set<ProxiedConnection>();
  #mode: ProxyMode = 'pass';
  #delayMs = 0;
  #cutConnections = 0;
  #closed: Promise<void> | undefined;

  private constructor(options: TcpProxyOptions) {
    this.#options = options;
    // Either side may have said its last word before the other has.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#take(socket));
  }

  /** Use {@link startTcpProxy}. */
  static async start(options: TcpProxyOptions): Promise<TcpProxy> {
    const proxy = new TcpProxy(options);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, '127.0.0.1', () => resolve());
    });
    return proxy;
  }

  /** The port of 127.0.0.1 it listens on. */
  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  /** Its address, e.g. `ws://127.0.0.1:4711/agent`. */
  url(path = '', scheme = 'ws'): string {
    return `${scheme}://127.0.0.1:${this.port}${path}`;
  }

  /** Open connections. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Connections it has reset so far, those it refused among them. */
  get cutConnections(): number {
    return this.#cutConnections;
  }

  /** Changes what happens to the connections there are, and to those that come. */
  get mode(): ProxyMode {
    return this.#mode;
  }

  set mode(mode: ProxyMode) {
    this.#mode = mode;
    for (const connection of this.#connections) connection.setMode(mode);
  }

  /** How much later than they came bytes go on, each way, in milliseconds. Default: 0. */
  get delayMs(): number {
    return this.#delayMs;
  }

  set delayMs(ms: number) {
    this.#delayMs = ms;
  }

  /** Resets every connection there is now that suffers faults; later ones are not touched. */
  cutNow(): void {
    for (const connection of this.#connections) connection.cut();
  }

  /** Resets every connection and frees the port. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const connection of this.#connections) connection.destroy();
    });
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #take(client: Socket): void {
    const { target, only } = this.#options;
    const connection = new ProxiedConnection(client, {
      target,
      only,
      mode: this.#mode,
      delayMs: () => this.#delayMs,
      onCut: () => (this.#cutConnections += 1),
      onClosed: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
  }
}

/**
 * Starts a TCP proxy on an ephemeral port of 127.0.0.1 that passes, delays, cuts, or falls silent: what
 * networks do to a worker.
 */
export function startTcpProxy(options: TcpProxyOptions): Promise<TcpProxy> {
  return TcpProxy.start(options);
}

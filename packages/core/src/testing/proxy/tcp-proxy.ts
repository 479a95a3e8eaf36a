import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { isRecord, kindOf } from '../../base/kind-of.js';
import { checkKeys, checkText, checkWhole, invalidOption } from '../../base/option-checks.js';
import { ProxiedConnection, type ProxyMode } from './proxied-connection.js';

/** Options of {@link startTcpProxy}. */
export interface TcpProxyOptions {
  /** The address that connections are forwarded to. */
  readonly target: { readonly host: string; readonly port: number };
  /**
   * Faults apply only to HTTP connections whose first request is for this path or one below it. E.g. `/agent`: the
   * connection of the worker to LiveKit, but not those of its rooms. Default: faults apply to every connection.
   */
  readonly only?: string;
}

/** A TCP proxy with faults. Created by {@link startTcpProxy}. */
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
    // Either side may end its direction before the other one does.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  /** @internal Use {@link startTcpProxy}. */
  static async start(options: TcpProxyOptions): Promise<TcpProxy> {
    const proxy = new TcpProxy(options);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, '127.0.0.1', () => resolve());
    });
    return proxy;
  }

  /** The port of 127.0.0.1 that it listens on; 0 once closed. */
  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  /** Its URL, e.g. `ws://127.0.0.1:4711/agent`. */
  url(path = '', scheme = 'ws'): string {
    return `${scheme}://127.0.0.1:${this.port}${path}`;
  }

  /** Number of open connections. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Number of connections that were reset so far, including refused ones. */
  get cutConnections(): number {
    return this.#cutConnections;
  }

  /** The mode of current and new connections. Default: `pass`. */
  get mode(): ProxyMode {
    return this.#mode;
  }

  set mode(mode: ProxyMode) {
    this.#mode = mode;
    for (const connection of this.#connections) connection.setMode(mode);
  }

  /** Delay of bytes in each direction, in milliseconds. Default: 0. */
  get delayMs(): number {
    return this.#delayMs;
  }

  set delayMs(ms: number) {
    this.#delayMs = ms;
  }

  /** Resets every current connection that faults apply to; later ones are not affected. */
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

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(client: Socket): void {
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
 * Starts a TCP proxy on a free port of 127.0.0.1 that can forward, delay, cut, or silence connections, as networks do.
 * Rejects with `CONFIG_INVALID_OPTION` for an option that is not valid.
 */
export async function startTcpProxy(options: TcpProxyOptions): Promise<TcpProxy> {
  checkOptions(options);
  return TcpProxy.start(options);
}

function checkOptions(options: unknown): void {
  const where = 'startTcpProxy()';
  checkKeys(where, options, ['target', 'only']);
  const { target, only } = options;
  if (!isRecord(target))
    throw invalidOption(
      where,
      `target must be an address, such as { host: '127.0.0.1', port: 7880 }, got ${kindOf(target)}`,
    );
  checkKeys(`${where}: target`, target, ['host', 'port']);
  if (target['host'] === undefined || target['port'] === undefined)
    throw invalidOption(where, "target needs both, such as { host: '127.0.0.1', port: 7880 }");
  checkText(where, 'target.host', target['host']);
  checkWhole(where, 'target.port', target['port'], { min: 1, max: 65_535 });
  checkText(where, 'only', only);
}

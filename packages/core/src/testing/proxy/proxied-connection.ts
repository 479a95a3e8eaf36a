import { Socket } from 'node:net';

import { DelayedPipe } from './delayed-pipe.js';
import { isUnder, requestPath } from './request-path.js';

/**
 * How a proxy treats its connections:
 *
 * - `pass`: forwards bytes both ways
 * - `cut`: resets every connection, and every new one immediately
 * - `half_open`: keeps every connection but reads and writes nothing, as if a cable had been pulled. New connections
 *   are accepted and stay silent
 */
export type ProxyMode = 'pass' | 'cut' | 'half_open';

/** Options of {@link ProxiedConnection}. */
export interface ProxiedConnectionOptions {
  /** The address to connect to. */
  readonly target: { readonly host: string; readonly port: number };
  /** Path of the HTTP requests that faults apply to; undefined: faults apply to every connection. */
  readonly only: string | undefined;
  /** The mode at the start. */
  readonly mode: ProxyMode;
  /** Returns the current delay in each direction, in milliseconds. */
  readonly delayMs: () => number;
  /** Called when the connection is reset by a fault. */
  readonly onCut: () => void;
  /** Called when both sides are closed. */
  readonly onClosed: () => void;
}

/** One connection through a proxy: a socket of the client and one to the target. */
export class ProxiedConnection {
  readonly #client: Socket;
  readonly #target: Socket;
  readonly #options: ProxiedConnectionOptions;
  readonly #pipes: readonly [DelayedPipe, DelayedPipe];
  readonly #first: Buffer[] = [];
  #mode: ProxyMode;
  /** Whether faults apply to this connection; undefined until its first bytes have shown that. */
  #affected: boolean | undefined;
  #connecting = false;

  /** Starts to proxy the socket of a client. */
  constructor(client: Socket, options: ProxiedConnectionOptions) {
    this.#client = client;
    this.#options = options;
    this.#mode = options.mode;
    this.#affected = options.only === undefined ? true : undefined;
    // It connects when bytes may flow: a connection that is cut immediately never reaches the target.
    this.#target = new Socket({ allowHalfOpen: true });
    const delayMs = () => (this.#affected === true ? options.delayMs() : 0);
    this.#pipes = [
      new DelayedPipe(this.#client, this.#target, delayMs),
      new DelayedPipe(this.#target, this.#client, delayMs),
    ];
    for (const socket of [client, this.#target]) {
      // An error on one side also breaks the other side.
      socket.on('error', () => this.destroy());
      socket.on('close', () => this.#closed());
    }
    this.#begin();
  }

  /** Changes the mode, if faults apply to this connection. */
  setMode(mode: ProxyMode): void {
    this.#mode = mode;
    if (this.#affected === true) this.#applyMode();
  }

  /** Resets both sides, if faults apply to this connection. */
  cut(): void {
    if (this.#affected !== true || this.#client.destroyed) return;
    this.#options.onCut();
    this.destroy();
  }

  /** Resets both sides. */
  destroy(): void {
    for (const pipe of this.#pipes) pipe.stop();
    for (const socket of [this.#client, this.#target]) {
      if (socket.pending) socket.destroy();
      else socket.resetAndDestroy();
    }
  }

  #begin(): void {
    if (this.#affected === true) {
      this.#applyMode();
      return;
    }
    // Nothing is read from the target until the first request of the client is known.
    const readPath = (bytes: Buffer) => {
      this.#first.push(bytes);
      const path = requestPath(Buffer.concat(this.#first));
      if (path === undefined) return;
      this.#client.off('data', readPath);
      this.#decide(path);
    };
    this.#client.on('data', readPath);
    this.#client.resume();
    this.#client.once('end', () => {
      if (this.#affected === undefined) this.#decide(null);
    });
  }

  #decide(path: string | null): void {
    const { only = '/' } = this.#options;
    this.#affected = path !== null && isUnder(path, only);
    this.#client.pause();
    this.#pipes[0].hold(Buffer.concat(this.#first.splice(0)));
    if (this.#affected) this.#applyMode();
    else this.#flow();
  }

  #applyMode(): void {
    switch (this.#mode) {
      case 'pass':
        this.#flow();
        break;
      case 'half_open':
        for (const pipe of this.#pipes) pipe.pause();
        break;
      case 'cut':
        this.cut();
        break;
    }
  }

  #flow(): void {
    if (!this.#connecting) {
      this.#connecting = true;
      this.#target.connect(this.#options.target);
    }
    for (const pipe of this.#pipes) pipe.flow();
  }

  #closed(): void {
    // A side that closed normally has ended both ways, and the pipes forward that to the other side.
    if (this.#client.destroyed && this.#target.destroyed) this.#options.onClosed();
  }
}

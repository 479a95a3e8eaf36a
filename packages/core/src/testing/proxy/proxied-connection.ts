import { Socket } from 'node:net';

import { DelayedPipe } from './delayed-pipe.js';
import type { ProxyMode } from './proxy-mode.js';
import { isUnder, requestPath } from './request-path.js';

export interface ProxiedConnectionOptions {
  readonly target: { readonly host: string; readonly port: number };
  readonly only: string | undefined;
  readonly mode: ProxyMode;
  readonly delayMs: () => number;
  readonly onCut: () => void;
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
  /** Whether faults are for this connection; undefined until its first bytes have told. */
  #suffers: boolean | undefined;
  #connecting = false;

  constructor(client: Socket, options: ProxiedConnectionOptions) {
    this.#client = client;
    this.#options = options;
    this.#mode = options.mode;
    this.#suffers = options.only === undefined ? true : undefined;
    // Connected when bytes are to flow: a connection that is cut at once never reaches the target.
    this.#target = new Socket({ allowHalfOpen: true });
    const delayMs = () => (this.#suffers === true ? options.delayMs() : 0);
    this.#pipes = [
      new DelayedPipe(this.#client, this.#target, delayMs),
      new DelayedPipe(this.#target, this.#client, delayMs),
    ];
    for (const socket of [client, this.#target]) {
      // A line that breaks on one side is broken on the other.
      socket.on('error', () => this.destroy());
      socket.on('close', () => this.#closed());
    }
    this.#begin();
  }

  setMode(mode: ProxyMode): void {
    this.#mode = mode;
    if (this.#suffers === true) this.#obey();
  }

  /** Resets both sides, if faults are for this connection. */
  cut(): void {
    if (this.#suffers !== true || this.#client.destroyed) return;
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
    if (this.#suffers === true) {
      this.#obey();
      return;
    }
    // Nothing is read from the target until it is known what kind of connection this is.
    const look = (bytes: Buffer) => {
      this.#first.push(bytes);
      const path = requestPath(Buffer.concat(this.#first));
      if (path === undefined) return;
      this.#client.off('data', look);
      this.#decide(path);
    };
    this.#client.on('data', look);
    this.#client.resume();
    this.#client.once('end', () => {
      if (this.#suffers === undefined) this.#decide(null);
    });
  }

  #decide(path: string | null): void {
    const { only = '/' } = this.#options;
    this.#suffers = path !== null && isUnder(path, only);
    this.#client.pause();
    this.#pipes[0].hold(Buffer.concat(this.#first.splice(0)));
    if (this.#suffers) this.#obey();
    else this.#flow();
  }

  #obey(): void {
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
    // A side that closed in good order has ended both ways, and the pipes tell the other side in their time.
    if (this.#client.destroyed && this.#target.destroyed) this.#options.onClosed();
  }
}

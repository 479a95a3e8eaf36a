type Listener<Args extends readonly unknown[]> = (...args: Args) => void;

/**
 * The part of a WebSocket of `ws` that the endpoint uses. `ws` has its types in a package of its own, which a user of
 * the endpoint does not install.
 */
export interface EndpointSocket {
  readonly readyState: number;
  readonly OPEN: number;
  on(
    event: 'message',
    listener: Listener<[data: Buffer | ArrayBuffer | Buffer[], isBinary: boolean]>,
  ): this;
  on(event: 'pong', listener: Listener<[mark: Buffer]>): this;
  on(event: 'error', listener: Listener<[error: Error]>): this;
  on(event: 'close', listener: Listener<[]>): this;
  off(event: 'pong', listener: Listener<[mark: Buffer]>): this;
  off(event: 'close', listener: Listener<[]>): this;
  setMaxListeners(count: number): this;
  send(data: Uint8Array | string): void;
  ping(mark: Buffer): void;
  close(): void;
  terminate(): void;
}

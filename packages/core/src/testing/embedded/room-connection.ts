import { WebSocket } from 'ws';
import { OpenRtcError } from '../../base/errors.js';
import { type ClientFrame, readFrame, ROOM_PATH, type ServerFrame } from './room-wire.js';

// A closing endpoint answers immediately; without an answer the connection is cut.
const LEAVE_TIMEOUT_MS = 1000;
const HANDSHAKE_TIMEOUT_MS = 5000;

/** The owner of a {@link RoomConnection}. */
export interface RoomConnectionHost {
  /** The connection failed or was closed. May be called more than once, also after the join. */
  failed(why: string): void;
  /** The endpoint sent a frame. */
  frame(frame: ServerFrame): void;
  /** The connection is closed. */
  closed(): void;
}

/** The connection of an agent to its embedded room: a WebSocket to the endpoint. */
export class RoomConnection {
  readonly #socket: WebSocket;

  /**
   * Starts to connect.
   * @param url - of the endpoint, `embedded://host:port` or `ws://host:port`
   * @param token - a join token
   */
  constructor(url: string, token: string, host: RoomConnectionHost) {
    const endpoint = url.replace(/^embedded:/, 'ws:').replace(/\/$/, '');
    const socket = new WebSocket(`${endpoint}${ROOM_PATH}`, {
      headers: { authorization: `Bearer ${token}` },
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    });
    this.#socket = socket;
    socket.on('error', (error) => host.failed(error.message));
    socket.on('close', () => {
      host.failed('the endpoint closed the connection');
      host.closed();
    });
    socket.on('message', (data: Buffer) => host.frame(readFrame<ServerFrame>(data)));
  }

  /** Sends a frame. Rejects with `LINK_CLOSED` if the connection is not open. */
  send(frame: ClientFrame): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#socket.readyState !== WebSocket.OPEN) {
        reject(notConnected());
        return;
      }
      this.#socket.send(JSON.stringify(frame), (error) =>
        error ? reject(notConnected(error)) : resolve(),
      );
    });
  }

  /** Leaves the room. Resolves when the connection is closed; after 1 s it is cut. */
  leave(): Promise<void> {
    const socket = this.#socket;
    return new Promise<void>((resolve) => {
      const timer = setTimeout(() => socket.terminate(), LEAVE_TIMEOUT_MS);
      socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      if (socket.readyState === WebSocket.CLOSED) {
        clearTimeout(timer);
        resolve();
      } else {
        this.send({ type: 'leave' }).catch(() => socket.terminate());
      }
    });
  }

  /** Closes the connection with a close frame. */
  close(): void {
    this.#socket.close();
  }

  /** Cuts the connection. */
  terminate(): void {
    this.#socket.terminate();
  }
}

/** The error of a room without a connection. */
export function notConnected(cause?: Error | null): OpenRtcError {
  return new OpenRtcError('LINK_CLOSED', 'the embedded room is not connected', { cause });
}

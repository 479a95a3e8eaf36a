import { DisconnectReason } from '@livekit/rtc-node';
import type { WebSocket } from 'ws';
import type { HubRoom, Member } from './hub-room.js';
import {
  type ClientFrame,
  type ParticipantState,
  readFrame,
  type ServerFrame,
} from './room-wire.js';

/**
 * A participant that came over a WebSocket. One whose socket breaks stays visible for a while, as
 * on LiveKit: the others cannot tell it from one that is slow.
 */
export class RoomSocket implements Member {
  readonly state: ParticipantState;
  readonly #socket: WebSocket;
  readonly #participantTimeoutMs: number;
  #room: HubRoom | undefined;
  #ghostTimer: NodeJS.Timeout | undefined;
  #gone = false;

  constructor(socket: WebSocket, state: ParticipantState, participantTimeoutMs: number) {
    this.#socket = socket;
    this.state = state;
    this.#participantTimeoutMs = participantTimeoutMs;
  }

  /** Starts reading, once the participant is in its room. */
  attach(room: HubRoom): void {
    this.#room = room;
    this.#socket.on('message', (data: Buffer) => this.#receive(data));
    this.#socket.on('error', () => this.#socket.terminate());
    this.#socket.on('close', () => this.#closed());
  }

  deliver(frame: ServerFrame): void {
    if (this.#socket.readyState === this.#socket.OPEN) {
      this.#socket.send(JSON.stringify(frame));
    }
    if (frame.type === 'disconnected') {
      this.#end();
    }
  }

  #receive(data: Buffer): void {
    if (this.#gone) {
      return;
    }
    try {
      const frame = readFrame<ClientFrame>(data);
      if (frame.type === 'leave') {
        this.#leave(DisconnectReason.CLIENT_INITIATED);
      } else {
        this.#room?.take(this, frame);
      }
    } catch {
      // What cannot be read was not written by an EmbeddedRoom: whoever it is, it has no place here.
      this.#socket.terminate();
    }
  }

  #closed(): void {
    if (!this.#gone) {
      const gone = () => this.#leave(DisconnectReason.CONNECTION_TIMEOUT);
      this.#ghostTimer = setTimeout(gone, this.#participantTimeoutMs);
    }
  }

  #leave(reason: DisconnectReason): void {
    this.#end();
    this.#room?.leave(this, reason);
  }

  #end(): void {
    this.#gone = true;
    clearTimeout(this.#ghostTimer);
    this.#socket.close();
  }
}

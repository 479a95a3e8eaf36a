import { DisconnectReason, ParticipantKind } from '@livekit/rtc-node';
import type { ClaimGrants } from 'livekit-server-sdk';
import type { EndpointSocket } from './endpoint-socket.js';
import type { HubRoom, Member } from './hub-room.js';
import { newId } from './ids.js';
import {
  type ClientFrame,
  type ParticipantState,
  readFrame,
  type ServerFrame,
} from './room-wire.js';

/**
 * A participant that is connected by a WebSocket. As on LiveKit, it stays visible for a while after its connection
 * breaks, because the others cannot distinguish it from a slow one.
 */
export class RoomSocket implements Member {
  /** The participant as the room sees it. */
  readonly state: ParticipantState;
  readonly #socket: EndpointSocket;
  readonly #participantTimeoutMs: number;
  #room: HubRoom | undefined;
  #departureTimer: NodeJS.Timeout | undefined;
  #gone = false;

  constructor(socket: EndpointSocket, state: ParticipantState, participantTimeoutMs: number) {
    this.#socket = socket;
    this.state = state;
    this.#participantTimeoutMs = participantTimeoutMs;
  }

  /** Starts to read. Called once the participant is in its room. */
  attach(room: HubRoom): void {
    this.#room = room;
    this.#socket.on('message', (data) => this.#receive(data as Buffer));
    this.#socket.on('error', () => this.#socket.terminate());
    this.#socket.on('close', () => this.#closed());
  }

  /** Sends a frame; `disconnected` also closes the connection. */
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
      // An EmbeddedRoom does not send invalid frames: this is another program.
      this.#socket.terminate();
    }
  }

  #closed(): void {
    if (!this.#gone) {
      const gone = () => this.#leave(DisconnectReason.CONNECTION_TIMEOUT);
      this.#departureTimer = setTimeout(gone, this.#participantTimeoutMs);
    }
  }

  #leave(reason: DisconnectReason): void {
    this.#end();
    this.#room?.leave(this, reason);
  }

  #end(): void {
    this.#gone = true;
    clearTimeout(this.#departureTimer);
    this.#socket.close();
  }
}

/** A new participant with the values of its join token. */
export function participantOf(claims: ClaimGrants): ParticipantState {
  return {
    identity: claims.sub ?? '',
    sid: newId('PA'),
    name: claims.name ?? '',
    metadata: claims.metadata ?? '',
    attributes: claims.attributes ?? {},
    kind: claims.kind === 'agent' ? ParticipantKind.AGENT : ParticipantKind.STANDARD,
  };
}

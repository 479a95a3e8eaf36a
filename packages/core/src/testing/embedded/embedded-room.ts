import {
  type ByteStreamHandler,
  ConnectError,
  ConnectionState,
  DataPacketKind,
  DisconnectReason,
  type Room,
  RoomEvent,
  type TextStreamHandler,
} from '@livekit/rtc-node';
import { EventEmitter } from 'node:events';
import { EmbeddedLocalParticipant } from './embedded-local-participant.js';
import { EmbeddedParticipant } from './embedded-participant.js';
import { notConnected, RoomConnection } from './room-connection.js';
import type { ParticipantPatch, RoomState, ServerFrame } from './room-wire.js';
import { StreamInbox } from './stream-inbox.js';

/** The scheme of the URL in the assignment of a job that must be joined with an {@link EmbeddedRoom}. */
const EMBEDDED_SCHEME = 'embedded:';

/**
 * The room that an agent joins instead of a `Room` of `@livekit/rtc-node` if its call comes from an embedded endpoint.
 * It has what the SDK uses of a room, for text: events, participants, attributes, data streams. It has no native code
 * and works in child processes.
 */
export class EmbeddedRoom extends EventEmitter {
  /** The other participants by identity. */
  remoteParticipants = new Map<string, EmbeddedParticipant>();
  /** The agent itself; undefined before it has joined. */
  localParticipant: EmbeddedLocalParticipant | undefined;
  readonly #streams = new StreamInbox();
  #connection: RoomConnection | undefined;
  #state: RoomState | undefined;
  #connectionState = ConnectionState.CONN_DISCONNECTED;
  #leaving = false;

  /** The state of the connection to the endpoint. */
  get connectionState(): ConnectionState {
    return this.#connectionState;
  }

  /** True from the join to the disconnect. */
  get isConnected(): boolean {
    return this.#connectionState !== ConnectionState.CONN_DISCONNECTED;
  }

  /** Name of the room; undefined before it was joined. */
  get name(): string | undefined {
    return this.#state?.name;
  }

  /** Metadata of the room; undefined before it was joined. */
  get metadata(): string | undefined {
    return this.#state?.metadata;
  }

  /** When the room was created; 1970 before it was joined. */
  get creationTime(): Date {
    return new Date(this.#state?.createdAt ?? 0);
  }

  /** Number of participants including the agent; 0 when not connected. */
  get numParticipants(): number {
    return this.isConnected ? this.remoteParticipants.size + 1 : 0;
  }

  /** Always false: an embedded room is never recorded. */
  get isRecording(): boolean {
    return false;
  }

  /** LiveKit's id of the room, new whenever the room is created again; empty when not connected. */
  getSid(): Promise<string> {
    return Promise.resolve(this.isConnected ? (this.#state?.sid ?? '') : '');
  }

  /**
   * Joins. Rejects with a `ConnectError` if the endpoint refuses or cannot be reached.
   * @param url - of the endpoint, `embedded://host:port` or `ws://host:port`
   * @param token - a join token, which contains room and identity
   */
  connect(url: string, token: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const connection = new RoomConnection(url, token, {
        failed: (why) => reject(new ConnectError(`could not join the embedded room: ${why}`)),
        frame: (frame) => {
          if (connection !== this.#connection) {
            return;
          }
          if (frame.type === 'joined') {
            resolve();
            void aside(() => this.#joined(frame));
          } else {
            void aside(() => this.#take(connection, frame));
          }
        },
        closed: () => void aside(() => this.#closed(connection, DisconnectReason.SIGNAL_CLOSE)),
      });
      this.#connection = connection;
    });
  }

  /**
   * Leaves and removes every listener. A `connect()` in progress rejects. Does nothing when not connected.
   */
  async disconnect(): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined || !this.isConnected) {
      connection?.terminate();
      return;
    }
    this.#leaving = true;
    await connection.leave();
    this.#closed(connection, DisconnectReason.CLIENT_INITIATED);
    this.removeAllListeners();
  }

  /** Sets the handler of a topic. Throws if the topic has one, as rtc-node does. */
  registerTextStreamHandler(topic: string, handler: TextStreamHandler): void {
    this.#streams.addTextHandler(topic, handler);
  }

  /** Removes the handler of a topic. */
  unregisterTextStreamHandler(topic: string): void {
    this.#streams.text.delete(topic);
  }

  /** Sets the handler of a topic. Throws if the topic has one, as rtc-node does. */
  registerByteStreamHandler(topic: string, handler: ByteStreamHandler): void {
    this.#streams.addByteHandler(topic, handler);
  }

  /** Removes the handler of a topic. */
  unregisterByteStreamHandler(topic: string): void {
    this.#streams.bytes.delete(topic);
  }

  #joined({ room, local, others }: Extract<ServerFrame, { type: 'joined' }>): void {
    this.#state = room;
    this.#leaving = false;
    this.localParticipant = new EmbeddedLocalParticipant(local, {
      send: (frame) => this.#connection?.send(frame) ?? Promise.reject(notConnected()),
      changed: (patch) => this.#patched(this.localParticipant, patch),
    });
    this.remoteParticipants = new Map(
      others.map((state) => [state.identity, new EmbeddedParticipant(state)]),
    );
    this.#connectionState = ConnectionState.CONN_CONNECTED;
    this.emit(RoomEvent.ConnectionStateChanged, this.#connectionState);
  }

  #take(connection: RoomConnection, frame: Exclude<ServerFrame, { type: 'joined' }>): void {
    switch (frame.type) {
      case 'participant-joined': {
        const participant = new EmbeddedParticipant(frame.participant);
        this.remoteParticipants.set(participant.identity, participant);
        this.emit(RoomEvent.ParticipantConnected, participant);
        break;
      }
      case 'participant-left': {
        const participant = this.remoteParticipants.get(frame.identity);
        if (participant !== undefined) {
          this.remoteParticipants.delete(frame.identity);
          participant.info.disconnectReason = frame.reason;
          this.emit(RoomEvent.ParticipantDisconnected, participant);
        }
        break;
      }
      case 'participant-updated':
        this.#patched(this.remoteParticipants.get(frame.identity), frame.patch);
        break;
      case 'stream':
        this.#streams.take(frame.from, frame.frame);
        break;
      case 'data': {
        const payload = new Uint8Array(Buffer.from(frame.frame.payload, 'base64'));
        const kind = frame.frame.reliable
          ? DataPacketKind.KIND_RELIABLE
          : DataPacketKind.KIND_LOSSY;
        const sender = this.remoteParticipants.get(frame.from);
        this.emit(RoomEvent.DataReceived, payload, sender, kind, frame.frame.topic);
        break;
      }
      case 'disconnected':
        connection.close();
        this.#closed(connection, frame.reason);
        break;
    }
  }

  #patched(participant: EmbeddedParticipant | undefined, patch: ParticipantPatch): void {
    if (participant === undefined) {
      return;
    }
    const changed = participant.apply(patch);
    if (patch.name !== undefined) {
      this.emit(RoomEvent.ParticipantNameChanged, patch.name, participant);
    }
    if (patch.metadata !== undefined) {
      this.emit(RoomEvent.ParticipantMetadataChanged, patch.metadata, participant);
    }
    if (Object.keys(changed).length > 0) {
      this.emit(RoomEvent.ParticipantAttributesChanged, changed, participant);
    }
  }

  /** Emits the end of the room, once for each connection. */
  #closed(connection: RoomConnection, reason: DisconnectReason): void {
    if (connection !== this.#connection || !this.isConnected) {
      return;
    }
    this.#streams.abort();
    this.#connectionState = ConnectionState.CONN_DISCONNECTED;
    this.emit(RoomEvent.ConnectionStateChanged, this.#connectionState);
    this.emit(RoomEvent.Disconnected, this.#leaving ? DisconnectReason.CLIENT_INITIATED : reason);
  }
}

/** Creates an {@link EmbeddedRoom} with the type that the SDK expects. */
export function createEmbeddedRoom(): Room {
  // It has the members that the SDK uses, but not the private native handles that the class declares.
  return new EmbeddedRoom() as unknown as Room;
}

/** True for the room URL of a job that came from an embedded endpoint. */
export function isEmbeddedUrl(url: string): boolean {
  return url.startsWith(EMBEDDED_SCHEME);
}

/**
 * Runs code that calls listeners. As with rtc-node, a listener that throws causes an unhandled rejection in the async
 * context that joined. An error thrown into the code of the WebSocket would break the connection.
 */
async function aside(work: () => void): Promise<void> {
  work();
}

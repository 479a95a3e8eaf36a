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
import { WebSocket } from 'ws';
import { OpenRtcError } from '../../base/errors.js';
import { EmbeddedLocalParticipant } from './embedded-local-participant.js';
import { EmbeddedParticipant } from './embedded-participant.js';
import {
  type ClientFrame,
  type ParticipantPatch,
  readFrame,
  ROOM_PATH,
  type RoomState,
  type ServerFrame,
} from './room-wire.js';
import { StreamInbox } from './stream-inbox.js';

/** The scheme of the URL in a job's assignment that means: join with an {@link EmbeddedRoom}. */
const EMBEDDED_SCHEME = 'embedded:';
// A closing endpoint answers at once; one that does not is not waited for.
const LEAVE_TIMEOUT_MS = 1000;
const HANDSHAKE_TIMEOUT_MS = 5000;

/**
 * What an agent joins instead of a `Room` of `@livekit/rtc-node` when its call comes from an
 * embedded endpoint. It does what the SDK asks of a room, in text: events, participants,
 * attributes, data streams. It needs nothing native and works in child processes.
 */
export class EmbeddedRoom extends EventEmitter {
  remoteParticipants = new Map<string, EmbeddedParticipant>();
  localParticipant: EmbeddedLocalParticipant | undefined;
  readonly #streams = new StreamInbox();
  #socket: WebSocket | undefined;
  #state: RoomState | undefined;
  #connectionState = ConnectionState.CONN_DISCONNECTED;
  #leaving = false;

  get connectionState(): ConnectionState {
    return this.#connectionState;
  }

  get isConnected(): boolean {
    return this.#connectionState !== ConnectionState.CONN_DISCONNECTED;
  }

  get name(): string | undefined {
    return this.#state?.name;
  }

  get metadata(): string | undefined {
    return this.#state?.metadata;
  }

  get creationTime(): Date {
    return new Date(this.#state?.createdAt ?? 0);
  }

  get numParticipants(): number {
    return this.isConnected ? this.remoteParticipants.size + 1 : 0;
  }

  get isRecording(): boolean {
    return false;
  }

  /** The id of this incarnation of the room; empty when not connected. */
  getSid(): Promise<string> {
    return Promise.resolve(this.isConnected ? (this.#state?.sid ?? '') : '');
  }

  /**
   * Joins. Rejects with a `ConnectError` when the endpoint refuses or is not there.
   * @param url - of the endpoint, `embedded://host:port` or `ws://host:port`
   * @param token - a join token; room and identity are in it
   */
  connect(url: string, token: string): Promise<void> {
    const socket = new WebSocket(
      `${url.replace(/^embedded:/, 'ws:').replace(/\/$/, '')}${ROOM_PATH}`,
      {
        headers: { authorization: `Bearer ${token}` },
        handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      },
    );
    this.#socket = socket;
    return new Promise((resolve, reject) => {
      const fail = (why: string) =>
        reject(new ConnectError(`could not join the embedded room: ${why}`));
      socket.on('error', (error) => fail(error.message));
      socket.on('close', () => {
        fail('the endpoint closed the connection');
        void aside(() => this.#closed(socket, DisconnectReason.SIGNAL_CLOSE));
      });
      socket.on('message', (data: Buffer) => {
        const frame = readFrame<ServerFrame>(data);
        if (socket !== this.#socket) {
          return;
        }
        if (frame.type === 'joined') {
          resolve();
          void aside(() => this.#joined(frame));
        } else {
          void aside(() => this.#take(socket, frame));
        }
      });
    });
  }

  /** Leaves, then removes every listener. A `connect()` under way rejects; else does nothing. */
  async disconnect(): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined || !this.isConnected) {
      socket?.terminate();
      return;
    }
    this.#leaving = true;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => socket.terminate(), LEAVE_TIMEOUT_MS);
      socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      if (socket.readyState === WebSocket.CLOSED) {
        clearTimeout(timer);
        resolve();
      } else {
        this.#send({ type: 'leave' }).catch(() => socket.terminate());
      }
    });
    this.#closed(socket, DisconnectReason.CLIENT_INITIATED);
    this.removeAllListeners();
  }

  /** Throws when the topic has a handler, as rtc-node does. */
  registerTextStreamHandler(topic: string, handler: TextStreamHandler): void {
    register(this.#streams.text, 'text', topic, handler);
  }

  unregisterTextStreamHandler(topic: string): void {
    this.#streams.text.delete(topic);
  }

  /** Throws when the topic has a handler, as rtc-node does. */
  registerByteStreamHandler(topic: string, handler: ByteStreamHandler): void {
    register(this.#streams.bytes, 'byte', topic, handler);
  }

  unregisterByteStreamHandler(topic: string): void {
    this.#streams.bytes.delete(topic);
  }

  #joined({ room, local, others }: Extract<ServerFrame, { type: 'joined' }>): void {
    this.#state = room;
    this.#leaving = false;
    this.localParticipant = new EmbeddedLocalParticipant(local, {
      send: (frame) => this.#send(frame),
      changed: (patch) => this.#patched(this.localParticipant, patch),
    });
    this.remoteParticipants = new Map(
      others.map((state) => [state.identity, new EmbeddedParticipant(state)]),
    );
    this.#connectionState = ConnectionState.CONN_CONNECTED;
    this.emit(RoomEvent.ConnectionStateChanged, this.#connectionState);
  }

  #take(socket: WebSocket, frame: Exclude<ServerFrame, { type: 'joined' }>): void {
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
        socket.close();
        this.#closed(socket, frame.reason);
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

  #send(frame: ClientFrame): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (cause?: Error | null) =>
        reject(new OpenRtcError('LINK_CLOSED', 'the embedded room is not connected', { cause }));
      if (this.#socket?.readyState !== WebSocket.OPEN) {
        fail();
        return;
      }
      this.#socket.send(JSON.stringify(frame), (error) => (error ? fail(error) : resolve()));
    });
  }

  /** Says that the room is over, once for each connection. */
  #closed(socket: WebSocket, reason: DisconnectReason): void {
    if (socket !== this.#socket || !this.isConnected) {
      return;
    }
    this.#streams.abort();
    this.#connectionState = ConnectionState.CONN_DISCONNECTED;
    this.emit(RoomEvent.ConnectionStateChanged, this.#connectionState);
    this.emit(RoomEvent.Disconnected, this.#leaving ? DisconnectReason.CLIENT_INITIATED : reason);
  }
}

/** An {@link EmbeddedRoom} under the type the SDK asks for. */
export function createEmbeddedRoom(): Room {
  // It has the surface the SDK uses, and none of the native handles the class declares as private.
  return new EmbeddedRoom() as unknown as Room;
}

/** True for the URL of a job that came from an embedded endpoint. */
export function isEmbeddedUrl(url: string): boolean {
  return url.startsWith(EMBEDDED_SCHEME);
}

/**
 * Runs what calls listeners. As with rtc-node, one that throws leaves a rejection nobody handles, in the
 * context of whoever joined. Thrown into the WebSocket's own code, it would break the connection.
 */
async function aside(work: () => void): Promise<void> {
  work();
}

function register<Handler>(
  handlers: Map<string, Handler>,
  kind: 'text' | 'byte',
  topic: string,
  handler: Handler,
): void {
  if (handlers.has(topic)) {
    throw new Error(`A ${kind} stream handler for topic "${topic}" has already been set.`);
  }
  handlers.set(topic, handler);
}

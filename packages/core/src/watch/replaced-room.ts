import {
  ConnectionState,
  ParticipantKind,
  type RemoteParticipant,
  type Room,
  RoomEvent,
} from '@livekit/rtc-node';

/**
 * Notices that LiveKit has lost a room and made another one of the same name, as after the end of a node: rtc-node joins
 * that one as if it had reconnected. The callers may come back to it, and then the call goes on. But LiveKit dispatches
 * agents to it as to any new room, and two agents must not answer.
 */
export class ReplacedRoom {
  readonly #room: Room;
  readonly #onOtherAgent: () => void;
  // Agents that were in the lost room come back as the callers do.
  readonly #known = new Set<string>();
  #sid: string | undefined;
  // Until it is known whether this is the same room, nobody who comes counts as known.
  #away = false;
  #is = false;

  /** @param onOtherAgent - called when another agent comes to the room that LiveKit has made */
  constructor(room: Room, onOtherAgent: () => void) {
    this.#room = room;
    this.#onOtherAgent = onOtherAgent;
    for (const each of room.remoteParticipants.values()) this.#came(each);
    room.on(RoomEvent.ParticipantConnected, this.#came);
    room.on(RoomEvent.RoomUpdated, this.#compare);
    room.on(RoomEvent.Reconnecting, this.#leave);
    room.on(RoomEvent.Reconnected, this.#compare);
    room.on(RoomEvent.Moved, this.#moved);
    this.#compare();
  }

  /** Whether the room is not the one that was joined. */
  get is(): boolean {
    return this.#is;
  }

  /** Stops watching. */
  stop(): void {
    this.#room.off(RoomEvent.ParticipantConnected, this.#came);
    this.#room.off(RoomEvent.RoomUpdated, this.#compare);
    this.#room.off(RoomEvent.Reconnecting, this.#leave);
    this.#room.off(RoomEvent.Reconnected, this.#compare);
    this.#room.off(RoomEvent.Moved, this.#moved);
  }

  readonly #came = ({ identity, info }: RemoteParticipant): void => {
    if (info.kind !== ParticipantKind.AGENT) return;
    if (this.#is && !this.#known.has(identity)) this.#onOtherAgent();
    else if (!this.#away) this.#known.add(identity);
  };

  readonly #leave = (): void => {
    this.#away = true;
  };

  readonly #compare = (): void => {
    this.#room.getSid().then(
      (sid) => {
        this.#sid ??= sid;
        if (this.#is) return;
        this.#is = sid !== this.#sid;
        if (this.#room.connectionState !== ConnectionState.CONN_RECONNECTING) this.#away = false;
        for (const each of this.#room.remoteParticipants.values()) this.#came(each);
      },
      // The room has ended meanwhile, which its own event tells.
      () => {},
    );
  };

  // By the application, with its participants: the same call in another room.
  readonly #moved = (): void => {
    this.#sid = undefined;
    this.#compare();
  };
}

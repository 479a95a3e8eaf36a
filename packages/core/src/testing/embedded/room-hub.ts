import { DisconnectReason, ParticipantKind } from '@livekit/rtc-node';
import { HubRoom, type LeftBy, type Member, type RoomObserver } from './hub-room.js';
import { newId } from './ids.js';

/** The endpoint, which is notified of changes in rooms. */
export interface HubObserver extends RoomObserver {
  /** A participant has created a room by joining it; not called for {@link RoomHub.create}. */
  created(room: HubRoom): void;
}

/** The rooms of an endpoint by name. A room without callers closes after a while. */
export class RoomHub {
  readonly #observer: HubObserver;
  readonly #departureTimeoutMs: number;
  readonly #rooms = new Map<string, HubRoom>();
  readonly #closing = new Map<HubRoom, NodeJS.Timeout>();

  /** @param departureTimeoutMs - how long a room stays open without callers */
  constructor(observer: HubObserver, departureTimeoutMs: number) {
    this.#observer = observer;
    this.#departureTimeoutMs = departureTimeoutMs;
  }

  /** The room with that name; undefined if it does not exist. */
  get(name: string): HubRoom | undefined {
    return this.#rooms.get(name);
  }

  /** All rooms. */
  get rooms(): readonly HubRoom[] {
    return [...this.#rooms.values()];
  }

  /** Creates a room, or returns the existing one. */
  create(name: string, metadata = ''): HubRoom {
    const existing = this.#rooms.get(name);
    if (existing !== undefined) {
      return existing;
    }
    const state = { name, sid: newId('RM'), metadata, createdAt: Date.now() };
    const room = new HubRoom(state, {
      joined: (joined, member) => {
        if (isCaller(member)) {
          this.#keepOpen(joined);
        }
        this.#observer.joined(joined, member);
      },
      left: (left, member, by) => this.#left(left, member, by),
      updated: () => this.#observer.updated(),
    });
    this.#rooms.set(name, room);
    return room;
  }

  /**
   * Adds a participant. A room that does not exist (any more) is created with a new sid. As on LiveKit, a token stays
   * valid after its room was deleted.
   */
  join(name: string, member: Member): HubRoom {
    const isNew = !this.#rooms.has(name);
    const room = this.create(name);
    room.join(member);
    if (isNew) {
      this.#observer.created(room);
    }
    return room;
  }

  /** Deletes a room and removes every member; false if it does not exist. */
  delete(name: string, reason: DisconnectReason = DisconnectReason.ROOM_DELETED): boolean {
    const room = this.#rooms.get(name);
    if (room === undefined) {
      return false;
    }
    this.#rooms.delete(name);
    room.clear(reason);
    this.#keepOpen(room);
    return true;
  }

  /** Deletes every room. */
  close(): void {
    for (const { state } of this.rooms) {
      this.delete(state.name, DisconnectReason.SERVER_SHUTDOWN);
    }
  }

  #left(room: HubRoom, member: Member, by: LeftBy): void {
    const isOpen = this.#rooms.get(room.state.name) === room;
    if (isOpen && !this.#closing.has(room) && !room.members.some(isCaller)) {
      const close = () => this.delete(room.state.name, DisconnectReason.ROOM_CLOSED);
      this.#closing.set(room, setTimeout(close, this.#departureTimeoutMs));
    }
    this.#observer.left(room, member, by);
  }

  #keepOpen(room: HubRoom): void {
    clearTimeout(this.#closing.get(room));
    this.#closing.delete(room);
  }
}

function isCaller({ state }: Member): boolean {
  return state.kind !== ParticipantKind.AGENT;
}

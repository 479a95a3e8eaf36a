import { DisconnectReason } from '@livekit/rtc-node';
import type { EmbeddedRoomSnapshot } from './embedded-options.js';
import {
  applyPatch,
  type ClientFrame,
  type ParticipantPatch,
  type ParticipantState,
  type RoomState,
  type ServerFrame,
} from './room-wire.js';

/** A participant of a room: connected by a WebSocket, or a simulated caller. */
export interface Member {
  /** The participant as the room sees it. */
  readonly state: ParticipantState;
  /** Receives a frame. `disconnected` is the last one. */
  deliver(frame: ServerFrame): void;
}

/** Who ended the membership: the member left by itself, or the endpoint removed it. */
export type LeftBy = 'itself' | 'endpoint';

/** The endpoint, which is notified of changes in a room. */
export interface RoomObserver {
  /** A member has joined. */
  joined(room: HubRoom, member: Member): void;
  /** A member has left or was removed. */
  left(room: HubRoom, member: Member, by: LeftBy): void;
  /** A member has changed its name, metadata or attributes. */
  updated(): void;
}

/** A room on the endpoint: its members, and the frames they send each other. */
export class HubRoom {
  /** The room as its participants see it. */
  readonly state: RoomState;
  readonly #observer: RoomObserver;
  readonly #members = new Map<string, Member>();

  /** An empty room. */
  constructor(state: RoomState, observer: RoomObserver) {
    this.state = state;
    this.#observer = observer;
  }

  /** The room as plain data. */
  get snapshot(): EmbeddedRoomSnapshot {
    const { name, sid } = this.state;
    return { name, sid, identities: [...this.#members.keys()] };
  }

  /** The members, in the order they joined. */
  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  /** Adds a member. As on LiveKit, another member with the same identity is removed first. */
  join(member: Member): void {
    const { identity } = member.state;
    this.remove(identity, DisconnectReason.DUPLICATE_IDENTITY);
    const others = this.members;
    this.#members.set(identity, member);
    member.deliver({
      type: 'joined',
      room: this.state,
      local: member.state,
      others: others.map(({ state }) => state),
    });
    this.#broadcast(identity, { type: 'participant-joined', participant: member.state });
    this.#observer.joined(this, member);
  }

  /** Removes a member that has left by itself, and notifies the others. */
  leave(member: Member, reason: DisconnectReason): void {
    if (this.#members.get(member.state.identity) === member) {
      this.#drop(member, reason, 'itself');
    }
  }

  /** Removes and disconnects a member; false if there is none with that identity. */
  remove(identity: string, reason: DisconnectReason): boolean {
    const member = this.#members.get(identity);
    if (member === undefined) {
      return false;
    }
    member.deliver({ type: 'disconnected', reason });
    this.#drop(member, reason, 'endpoint');
    return true;
  }

  /** Removes and disconnects every member. */
  clear(reason: DisconnectReason): void {
    for (const { state } of this.members) {
      this.remove(state.identity, reason);
    }
  }

  /** Handles a frame from a member. */
  take(member: Member, frame: Exclude<ClientFrame, { type: 'leave' }>): void {
    const { identity } = member.state;
    switch (frame.type) {
      case 'update':
        this.#update(member, frame.patch);
        break;
      case 'stream':
        // As on LiveKit, a stream may name another sender, as transcripts of the caller do.
        this.#broadcast(
          identity,
          { type: 'stream', from: frame.from, frame: frame.frame },
          frame.to,
        );
        break;
      case 'data':
        this.#broadcast(identity, { type: 'data', from: identity, frame: frame.frame }, frame.to);
        break;
    }
  }

  #update(member: Member, patch: ParticipantPatch): void {
    applyPatch(member.state, patch);
    this.#broadcast(member.state.identity, {
      type: 'participant-updated',
      identity: member.state.identity,
      patch,
    });
    this.#observer.updated();
  }

  #drop(member: Member, reason: DisconnectReason, by: LeftBy): void {
    const { identity } = member.state;
    this.#members.delete(identity);
    this.#broadcast(identity, { type: 'participant-left', identity, reason });
    this.#observer.left(this, member, by);
  }

  #broadcast(sender: string, frame: ServerFrame, to: readonly string[] = []): void {
    for (const member of this.members) {
      const { identity } = member.state;
      if (identity !== sender && (to.length === 0 || to.includes(identity))) {
        member.deliver(frame);
      }
    }
  }
}

import { DisconnectReason } from '@livekit/rtc-node';
import {
  applyPatch,
  type ClientFrame,
  type ParticipantPatch,
  type ParticipantState,
  type RoomState,
  type ServerFrame,
} from './room-wire.js';

/** Somebody in a room: a WebSocket, or a simulated caller. */
export interface Member {
  readonly state: ParticipantState;
  /** Takes a frame. After `disconnected` comes nothing more. */
  deliver(frame: ServerFrame): void;
}

/** Who removed a member: it left by itself, or the endpoint took it out. */
export type LeftBy = 'itself' | 'endpoint';

/** What the endpoint does when people come and go. */
export interface RoomObserver {
  joined(room: HubRoom, member: Member): void;
  left(room: HubRoom, member: Member, by: LeftBy): void;
  updated(): void;
}

/** One incarnation of a room on the endpoint: its people, and what they send each other. */
export class HubRoom {
  readonly state: RoomState;
  readonly #observer: RoomObserver;
  readonly #members = new Map<string, Member>();

  constructor(state: RoomState, observer: RoomObserver) {
    this.state = state;
    this.#observer = observer;
  }

  /** Everybody in the room, in the order they came. */
  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  /** Lets `member` in. Whoever is there under its identity is put out first, as on LiveKit. */
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
    this.#tell(identity, { type: 'participant-joined', participant: member.state });
    this.#observer.joined(this, member);
  }

  /** `member` is gone by itself; the others learn why. */
  leave(member: Member, reason: DisconnectReason): void {
    if (this.#members.get(member.state.identity) === member) {
      this.#drop(member, reason, 'itself');
    }
  }

  /** Puts a participant out; false when there is none. */
  remove(identity: string, reason: DisconnectReason): boolean {
    const member = this.#members.get(identity);
    if (member === undefined) {
      return false;
    }
    member.deliver({ type: 'disconnected', reason });
    this.#drop(member, reason, 'endpoint');
    return true;
  }

  /** Puts everybody out. */
  clear(reason: DisconnectReason): void {
    for (const { state } of this.members) {
      this.remove(state.identity, reason);
    }
  }

  /** Carries out what a member sent. */
  take(member: Member, frame: Exclude<ClientFrame, { type: 'leave' }>): void {
    const { identity } = member.state;
    switch (frame.type) {
      case 'update':
        this.#update(member, frame.patch);
        break;
      case 'stream':
        // As on LiveKit, a stream may name another sender: transcripts of the caller's words do.
        this.#tell(identity, { type: 'stream', from: frame.from, frame: frame.frame }, frame.to);
        break;
      case 'data':
        this.#tell(identity, { type: 'data', from: identity, frame: frame.frame }, frame.to);
        break;
    }
  }

  #update(member: Member, patch: ParticipantPatch): void {
    applyPatch(member.state, patch);
    this.#tell(member.state.identity, {
      type: 'participant-updated',
      identity: member.state.identity,
      patch,
    });
    this.#observer.updated();
  }

  #drop(member: Member, reason: DisconnectReason, by: LeftBy): void {
    const { identity } = member.state;
    this.#members.delete(identity);
    this.#tell(identity, { type: 'participant-left', identity, reason });
    this.#observer.left(this, member, by);
  }

  #tell(sender: string, frame: ServerFrame, to: readonly string[] = []): void {
    for (const member of this.members) {
      const { identity } = member.state;
      if (identity !== sender && (to.length === 0 || to.includes(identity))) {
        member.deliver(frame);
      }
    }
  }
}

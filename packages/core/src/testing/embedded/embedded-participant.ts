import { DisconnectReason, type ParticipantKind } from '@livekit/rtc-node';
import { applyPatch, type ParticipantPatch, type ParticipantState } from './room-wire.js';

/** A participant of an embedded room: the properties of a `Participant` of `@livekit/rtc-node`, without tracks. */
export class EmbeddedParticipant {
  /** @internal The state that the SDK and OpenRTC read. */
  readonly info: ParticipantState & { disconnectReason?: DisconnectReason };
  /** Always empty: an embedded room carries text only. */
  readonly trackPublications = new Map<string, never>();

  /** @internal */
  constructor(state: ParticipantState) {
    this.info = { ...state, attributes: { ...state.attributes } };
  }

  /** The unique name in the room. */
  get identity(): string {
    return this.info.identity;
  }

  /** LiveKit's id of the participant. */
  get sid(): string {
    return this.info.sid;
  }

  /** The display name. */
  get name(): string {
    return this.info.name;
  }

  /** The metadata; empty without any. */
  get metadata(): string {
    return this.info.metadata;
  }

  /** The attributes by key. */
  get attributes(): Record<string, string> {
    return this.info.attributes;
  }

  /** Whether it is a standard participant or an agent. */
  get kind(): ParticipantKind {
    return this.info.kind;
  }

  /** Always empty. */
  get kindDetails(): readonly never[] {
    return [];
  }

  /** Why it left; undefined while it is in the room. */
  get disconnectReason(): DisconnectReason | undefined {
    const { disconnectReason } = this.info;
    return disconnectReason === DisconnectReason.UNKNOWN_REASON ? undefined : disconnectReason;
  }

  /** @internal Applies a change and returns the attributes that differ. */
  apply(patch: ParticipantPatch): Record<string, string> {
    return applyPatch(this.info, patch);
  }
}

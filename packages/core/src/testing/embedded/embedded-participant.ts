import { DisconnectReason, type ParticipantKind } from '@livekit/rtc-node';
import { applyPatch, type ParticipantPatch, type ParticipantState } from './room-wire.js';

/** What a `Participant` of `@livekit/rtc-node` says about itself, without tracks. */
export class EmbeddedParticipant {
  /** @internal What the SDK and OpenRTC read of it. */
  readonly info: ParticipantState & { disconnectReason?: DisconnectReason };
  /** Always empty: an embedded room carries text only. */
  readonly trackPublications = new Map<string, never>();

  /** @internal */
  constructor(state: ParticipantState) {
    this.info = { ...state, attributes: { ...state.attributes } };
  }

  get identity(): string {
    return this.info.identity;
  }

  get sid(): string {
    return this.info.sid;
  }

  get name(): string {
    return this.info.name;
  }

  get metadata(): string {
    return this.info.metadata;
  }

  get attributes(): Record<string, string> {
    return this.info.attributes;
  }

  get kind(): ParticipantKind {
    return this.info.kind;
  }

  get kindDetails(): readonly never[] {
    return [];
  }

  get disconnectReason(): DisconnectReason | undefined {
    const { disconnectReason } = this.info;
    return disconnectReason === DisconnectReason.UNKNOWN_REASON ? undefined : disconnectReason;
  }

  /** @internal Takes over a change; returns the attributes that really changed. */
  apply(patch: ParticipantPatch): Record<string, string> {
    return applyPatch(this.info, patch);
  }
}

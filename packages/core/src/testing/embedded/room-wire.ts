import { OpenRtcError } from '../../base/errors.js';

/** The path of the endpoint a participant's WebSocket connects to. */
export const ROOM_PATH = '/room';

/** A participant as the room sees it. */
export interface ParticipantState {
  /** The unique name in the room. */
  readonly identity: string;
  /** LiveKit's id of the participant. */
  readonly sid: string;
  /** The display name. */
  name: string;
  /** The metadata; empty without any. */
  metadata: string;
  /** The attributes by key. */
  attributes: Record<string, string>;
  /** A `ParticipantKind` of `@livekit/rtc-node`. */
  readonly kind: number;
}

/** A room as its participants see it. */
export interface RoomState {
  /** Name of the room. */
  readonly name: string;
  /** LiveKit's id of the room, new whenever a room with this name is created. */
  readonly sid: string;
  /** The metadata; empty without any. */
  metadata: string;
  /** Unix time in milliseconds. */
  readonly createdAt: number;
}

/** One step of a data stream. Text is sent as it is, bytes as base64. */
export type StreamFrame =
  | {
      readonly step: 'open';
      readonly id: string;
      readonly kind: 'text' | 'bytes';
      readonly topic: string;
      readonly mimeType: string;
      /** Unix time in milliseconds. */
      readonly timestamp: number;
      readonly attributes: Record<string, string>;
      readonly name?: string;
      readonly totalSize?: number;
    }
  | { readonly step: 'chunk'; readonly id: string; readonly data: string }
  | { readonly step: 'close'; readonly id: string; readonly error?: string };

/** A data packet; `payload` is base64. */
export interface DataFrame {
  readonly topic: string;
  readonly payload: string;
  readonly reliable: boolean;
}

/** A change that a participant makes to itself. An empty attribute removes its key. */
export interface ParticipantPatch {
  readonly name?: string;
  readonly metadata?: string;
  readonly attributes?: Record<string, string>;
}

/** From a participant to the endpoint. An empty `to` means all other participants. */
export type ClientFrame =
  | { readonly type: 'update'; readonly patch: ParticipantPatch }
  | {
      readonly type: 'stream';
      readonly from: string;
      readonly to: readonly string[];
      readonly frame: StreamFrame;
    }
  | { readonly type: 'data'; readonly to: readonly string[]; readonly frame: DataFrame }
  | { readonly type: 'leave' };

/** From the endpoint to a participant. `reason` is a `DisconnectReason` of `@livekit/rtc-node`. */
export type ServerFrame =
  | {
      readonly type: 'joined';
      readonly room: RoomState;
      readonly local: ParticipantState;
      readonly others: readonly ParticipantState[];
    }
  | { readonly type: 'participant-joined'; readonly participant: ParticipantState }
  | { readonly type: 'participant-left'; readonly identity: string; readonly reason: number }
  | {
      readonly type: 'participant-updated';
      readonly identity: string;
      readonly patch: ParticipantPatch;
    }
  | { readonly type: 'stream'; readonly from: string; readonly frame: StreamFrame }
  | { readonly type: 'data'; readonly from: string; readonly frame: DataFrame }
  | { readonly type: 'disconnected'; readonly reason: number };

/**
 * Parses a frame. Both ends use this file, so only its `type` is checked.
 * @throws OpenRtcError `INTERNAL` if it has no type, or SyntaxError if it is not JSON.
 */
export function readFrame<Frame extends ClientFrame | ServerFrame>(data: {
  toString(): string;
}): Frame {
  const frame: unknown = JSON.parse(data.toString());
  if (typeof frame !== 'object' || frame === null || !('type' in frame)) {
    throw new OpenRtcError('INTERNAL', 'a frame of the embedded room has no type');
  }
  return frame as Frame;
}

/** Applies a patch and returns the attributes that differ. */
export function applyPatch(
  state: ParticipantState,
  patch: ParticipantPatch,
): Record<string, string> {
  state.name = patch.name ?? state.name;
  state.metadata = patch.metadata ?? state.metadata;
  const changed = Object.entries(patch.attributes ?? {}).filter(
    ([key, value]) => (state.attributes[key] ?? '') !== value,
  );
  const merged = { ...state.attributes, ...Object.fromEntries(changed) };
  state.attributes = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ''));
  return Object.fromEntries(changed);
}

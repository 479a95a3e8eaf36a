import {
  DisconnectReason,
  ParticipantKind,
  type RemoteParticipant,
  type Room,
  RoomEvent,
} from '@livekit/rtc-node';

import { OpenRtcError } from '../base/errors.js';
import type { SessionEnd } from '../call/session-end.js';
import type { SessionLimits } from '../call/session-limits.js';

// Nobody decided these. rtc-node gives no reason when it has given up: it tries ten times to get back
// into its room, which is over in seconds when each try is refused at once.
const LOST: ReadonlySet<DisconnectReason> = new Set([
  DisconnectReason.UNKNOWN_REASON,
  DisconnectReason.STATE_MISMATCH,
  DisconnectReason.JOIN_FAILURE,
  DisconnectReason.SIGNAL_CLOSE,
  DisconnectReason.CONNECTION_TIMEOUT,
  DisconnectReason.MEDIA_FAILURE,
]);

export interface RoomWatchOptions {
  readonly room: Room;
  readonly end: SessionEnd;
  readonly limits: SessionLimits;
  /** Whom the call is with, when the job is for one participant; others in the room do not count then. */
  readonly participant: string | undefined;
  /**
   * Asked when the last caller hangs up: whether that ends the call at once. The SDK's
   * `closeOnDisconnect` sees to it only from the start of its session on.
   */
  readonly hangUpEnds: () => boolean;
}

/**
 * Ends the call when its room does, when nobody it is with is left there, or when it has lasted too
 * long. LiveKit may not be reachable to tell us: a lost worker connection loses terminations too.
 * @returns stops watching
 */
export function watchRoom(options: RoomWatchOptions): () => void {
  const { room, end, limits, participant, hangUpEnds } = options;
  const grace = limits.emptyRoomGraceMs;
  const hasCaller = () =>
    participant === undefined ? hasAnyCaller(room) : room.remoteParticipants.has(participant);
  const callerIsGone = () => {
    if (participant === undefined) end.because('empty_room', `nobody in the room for ${grace} ms`);
    else end.because('caller_left', `the participant was not in the room for ${grace} ms`);
  };
  let emptyTimer: NodeJS.Timeout | undefined;
  let reconnecting = false;
  const checkEmpty = () => {
    clearTimeout(emptyTimer);
    // On its way back into the room rtc-node has forgotten who is there.
    if (grace === 0 || reconnecting || hasCaller()) return;
    emptyTimer = setTimeout(callerIsGone, grace);
  };
  const onReconnecting = () => {
    reconnecting = true;
    checkEmpty();
  };
  const onReconnected = () => {
    reconnecting = false;
    checkEmpty();
  };
  const onDisconnected = (reason: DisconnectReason) => {
    const name = DisconnectReason[reason] ?? `reason ${reason}`;
    if (LOST.has(reason)) end.failed(connectionLost(name));
    else end.because('room_closed', name);
  };
  const durationTimer =
    limits.maxSessionDurationMs === 0
      ? undefined
      : setTimeout(
          () => end.because('max_duration', `${limits.maxSessionDurationMs} ms`),
          limits.maxSessionDurationMs,
        );
  const onLeft = ({ identity, disconnectReason }: RemoteParticipant) => {
    const hungUp =
      disconnectReason === DisconnectReason.CLIENT_INITIATED &&
      (participant === undefined || participant === identity);
    if (hungUp && hangUpEnds() && !hasCaller()) end.because('caller_left');
    else checkEmpty();
  };
  room.on(RoomEvent.Disconnected, onDisconnected);
  room.on(RoomEvent.Reconnecting, onReconnecting);
  room.on(RoomEvent.Reconnected, onReconnected);
  room.on(RoomEvent.ParticipantConnected, checkEmpty);
  room.on(RoomEvent.ParticipantDisconnected, onLeft);
  checkEmpty();
  return () => {
    clearTimeout(emptyTimer);
    clearTimeout(durationTimer);
    room.off(RoomEvent.Disconnected, onDisconnected);
    room.off(RoomEvent.Reconnecting, onReconnecting);
    room.off(RoomEvent.Reconnected, onReconnected);
    room.off(RoomEvent.ParticipantConnected, checkEmpty);
    room.off(RoomEvent.ParticipantDisconnected, onLeft);
  };
}

function connectionLost(reason: string): OpenRtcError {
  return new OpenRtcError(
    'SESSION_CONNECTION_LOST',
    `the connection to the room was lost and could not be had back (${reason})`,
  );
}

function hasAnyCaller(room: Room): boolean {
  return [...room.remoteParticipants.values()].some(
    (participant) => participant.info.kind !== ParticipantKind.AGENT,
  );
}

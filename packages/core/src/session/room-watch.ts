import {
  DisconnectReason,
  ParticipantKind,
  type RemoteParticipant,
  type Room,
  RoomEvent,
} from '@livekit/rtc-node';

import { OpenRtcError } from '../errors.js';
import type { SessionEnd } from './session-end.js';
import type { SessionLimits } from './session-limits.js';

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

/**
 * Ends the call when its room does, when nobody is left in it, or when it has lasted too long. LiveKit
 * may not be reachable to tell us: a lost worker connection loses terminations too.
 * @param hangUpEnds - asked when the last caller hangs up: whether that ends the call at once. The SDK's
 * `closeOnDisconnect` sees to it only from the start of its session on
 * @returns stops watching
 */
export function watchRoom(
  room: Room,
  end: SessionEnd,
  limits: SessionLimits,
  hangUpEnds: () => boolean = () => false,
): () => void {
  let emptyTimer: NodeJS.Timeout | undefined;
  let reconnecting = false;
  const checkEmpty = () => {
    clearTimeout(emptyTimer);
    // On its way back into the room rtc-node has forgotten who is there.
    if (limits.emptyRoomGraceMs === 0 || reconnecting || hasCaller(room)) return;
    emptyTimer = setTimeout(
      () => end.because('empty_room', `nobody in the room for ${limits.emptyRoomGraceMs} ms`),
      limits.emptyRoomGraceMs,
    );
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
  const onLeft = (participant: RemoteParticipant) => {
    const hungUp = participant.disconnectReason === DisconnectReason.CLIENT_INITIATED;
    if (hungUp && hangUpEnds() && !hasCaller(room)) end.because('caller_left');
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

function hasCaller(room: Room): boolean {
  return [...room.remoteParticipants.values()].some(
    (participant) => participant.info.kind !== ParticipantKind.AGENT,
  );
}

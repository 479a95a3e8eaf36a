import {
  DisconnectReason,
  ParticipantKind,
  type RemoteParticipant,
  type Room,
  RoomEvent,
} from '@livekit/rtc-node';

import type { SessionEnd } from './session-end.js';
import type { SessionLimits } from './session-limits.js';

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
  const checkEmpty = () => {
    clearTimeout(emptyTimer);
    if (limits.emptyRoomGraceMs === 0 || hasCaller(room)) return;
    emptyTimer = setTimeout(
      () => end.because('empty_room', `nobody in the room for ${limits.emptyRoomGraceMs} ms`),
      limits.emptyRoomGraceMs,
    );
  };
  const onDisconnected = (reason: DisconnectReason) =>
    end.because('room_closed', DisconnectReason[reason]);
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
  room.on(RoomEvent.ParticipantConnected, checkEmpty);
  room.on(RoomEvent.ParticipantDisconnected, onLeft);
  checkEmpty();
  return () => {
    clearTimeout(emptyTimer);
    clearTimeout(durationTimer);
    room.off(RoomEvent.Disconnected, onDisconnected);
    room.off(RoomEvent.ParticipantConnected, checkEmpty);
    room.off(RoomEvent.ParticipantDisconnected, onLeft);
  };
}

function hasCaller(room: Room): boolean {
  return [...room.remoteParticipants.values()].some(
    (participant) => participant.info.kind !== ParticipantKind.AGENT,
  );
}

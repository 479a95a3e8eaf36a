import {
  ConnectionState,
  DisconnectReason,
  ParticipantKind,
  type RemoteParticipant,
  type Room,
  RoomEvent,
} from '@livekit/rtc-node';

import { OpenRtcError } from '../base/errors.js';
import type { SessionEnd } from '../call/session-end.js';
import type { SessionLimits } from '../call/session-limits.js';
import { ReplacedRoom } from './replaced-room.js';

// Reasons that mean a lost connection, not a decision. rtc-node gives no reason when it gives up: it tries ten times to
// rejoin, which takes only seconds when each try is refused at once.
const LOST: ReadonlySet<DisconnectReason> = new Set([
  DisconnectReason.UNKNOWN_REASON,
  DisconnectReason.STATE_MISMATCH,
  DisconnectReason.JOIN_FAILURE,
  DisconnectReason.SIGNAL_CLOSE,
  DisconnectReason.CONNECTION_TIMEOUT,
  DisconnectReason.MEDIA_FAILURE,
]);

// Reasons that mean that somebody has decided it: the participant does not come back by itself. The SDK's session does not
// end for PARTICIPANT_REMOVED, and its agent would wait for the grace, alone.
const GONE: ReadonlySet<DisconnectReason | undefined> = new Set([
  DisconnectReason.CLIENT_INITIATED,
  DisconnectReason.PARTICIPANT_REMOVED,
  DisconnectReason.USER_UNAVAILABLE,
  DisconnectReason.USER_REJECTED,
]);

/** Options of {@link watchRoom}. */
export interface RoomWatchOptions {
  /** The room of the call. */
  readonly room: Room;
  /** Ends the call. */
  readonly end: SessionEnd;
  /** Time limits of the call. */
  readonly limits: SessionLimits;
  /** Identity of the participant, when the job is for one participant; others in the room do not count then. */
  readonly participant: string | undefined;
  /**
   * Called when the last caller hangs up; returns whether that ends the call at once. The SDK's `closeOnDisconnect`
   * does it only when the session has started, and only after it has closed.
   */
  readonly hangUpEnds: () => boolean;
  /** The participant who left last, between the join and now. */
  readonly leftBefore?: RemoteParticipant | undefined;
}

/** Watches the room of a call. */
export interface RoomWatch {
  /** True while the connection to the room is lost, and after LiveKit has lost the room itself. */
  readonly lost: boolean;
  /** Stops watching. */
  readonly stop: () => void;
}

/**
 * Ends the call when its room ends, when no caller is left in it, or when the call has taken too long. LiveKit may not
 * be able to end it: when the worker's connection is lost, its terminations are lost too.
 */
export function watchRoom(options: RoomWatchOptions): RoomWatch {
  const { room, end, limits, participant, hangUpEnds, leftBefore } = options;
  const grace = limits.emptyRoomGraceMs;
  const hasCaller = () => callerIn(room, participant);
  const replaced = new ReplacedRoom(room, () =>
    end.failed(connectionLost('LiveKit lost the room, and another agent answers in its place')),
  );
  const callerIsGone = () => {
    if (replaced.is)
      end.failed(connectionLost(`LiveKit lost the room, and no caller came back in ${grace} ms`));
    else if (participant === undefined)
      end.because('empty_room', `no caller in the room for ${grace} ms`);
    else end.because('caller_left', `the participant was not in the room for ${grace} ms`);
  };
  let emptyTimer: NodeJS.Timeout | undefined;
  let reconnecting = room.connectionState === ConnectionState.CONN_RECONNECTING;
  const checkEmpty = () => {
    clearTimeout(emptyTimer);
    // While rtc-node reconnects, it does not know the participants of the room.
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
  const onDisconnected = (reason: DisconnectReason) => endWithRoom(end, reason);
  const durationTimer =
    limits.maxSessionDurationMs === 0
      ? undefined
      : setTimeout(
          () => end.because('max_duration', `${limits.maxSessionDurationMs} ms`),
          limits.maxSessionDurationMs,
        );
  const onLeft = ({ identity, disconnectReason }: RemoteParticipant) => {
    const hungUp =
      GONE.has(disconnectReason) && (participant === undefined || participant === identity);
    if (hungUp && hangUpEnds() && !hasCaller()) end.because('caller_left');
    else checkEmpty();
  };
  room.on(RoomEvent.Disconnected, onDisconnected);
  room.on(RoomEvent.Reconnecting, onReconnecting);
  room.on(RoomEvent.Reconnected, onReconnected);
  room.on(RoomEvent.ParticipantConnected, checkEmpty);
  room.on(RoomEvent.ParticipantDisconnected, onLeft);
  // From here on nothing is missed; what happened before is read from the room, and told by `leftBefore`.
  if (leftBefore === undefined) checkEmpty();
  else onLeft(leftBefore);
  const stop = () => {
    clearTimeout(emptyTimer);
    clearTimeout(durationTimer);
    replaced.stop();
    room.off(RoomEvent.Disconnected, onDisconnected);
    room.off(RoomEvent.Reconnecting, onReconnecting);
    room.off(RoomEvent.Reconnected, onReconnected);
    room.off(RoomEvent.ParticipantConnected, checkEmpty);
    room.off(RoomEvent.ParticipantDisconnected, onLeft);
  };
  return {
    get lost() {
      return reconnecting || replaced.is;
    },
    stop,
  };
}

/** Ends a call whose room has ended, or was lost. */
export function endWithRoom(end: SessionEnd, reason: DisconnectReason): void {
  const name = DisconnectReason[reason] ?? `reason ${reason}`;
  if (LOST.has(reason)) end.failed(connectionLost(name));
  else end.because('room_closed', name);
}

/** The error of a call whose room was lost. */
export function connectionLost(reason: string): OpenRtcError {
  return new OpenRtcError(
    'SESSION_CONNECTION_LOST',
    `the connection to the room was lost and could not be restored (${reason})`,
  );
}

/**
 * True when a caller is in the room: anybody who is no agent.
 * @param participant - identity of the only one who counts, when the job is for one participant
 */
export function callerIn(room: Room, participant: string | undefined): boolean {
  if (participant !== undefined) return room.remoteParticipants.has(participant);
  return [...room.remoteParticipants.values()].some(
    ({ info }) => info.kind !== ParticipantKind.AGENT,
  );
}

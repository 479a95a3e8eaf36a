import {
  type DisconnectReason,
  type RemoteParticipant,
  type Room,
  RoomEvent,
} from '@livekit/rtc-node';

import type { SessionEnd } from '../call/session-end.js';
import { endWithRoom } from './room-watch.js';

/** What happened in a room from the join on, until somebody watches it. */
export interface EarlyEvents {
  /** The participant who left last. */
  readonly left: RemoteParticipant | undefined;
  /** Ends. From now on the room is watched by others, or the call is over. */
  readonly stop: () => void;
}

/**
 * Listens to a room before it is joined. Between the join and the moment when its call is ready to watch it, a caller
 * may have left, and nothing in the room tells. A room that ends in that time ends the call.
 */
export function earlyEvents(room: Room, end: SessionEnd): EarlyEvents {
  let left: RemoteParticipant | undefined;
  const onLeft = (participant: RemoteParticipant) => void (left = participant);
  const onDisconnected = (reason: DisconnectReason) => endWithRoom(end, reason);
  room.on(RoomEvent.ParticipantDisconnected, onLeft);
  room.on(RoomEvent.Disconnected, onDisconnected);
  return {
    get left() {
      return left;
    },
    stop: () => {
      room.off(RoomEvent.ParticipantDisconnected, onLeft);
      room.off(RoomEvent.Disconnected, onDisconnected);
    },
  };
}

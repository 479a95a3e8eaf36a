import type { Room } from '@livekit/rtc-node';

import type { CurrentCall } from './current-call.js';
import type { CallPatch } from './sdk-patch.js';

/** Makes `ctx.room.disconnect()` end the call. */
export const leaveRoomPatch: CallPatch = {
  scope: 'call',
  name: 'leave-room',
  why: 'LiveKit records a job as failed if its agent leaves the room before the final status has come.',
  versions: '@livekit/rtc-node 0.13',
  apply: endBeforeLeaving,
  undo: 'It ends with the room.',
};

const leaving = new WeakMap<Room, () => Promise<void>>();

/**
 * Makes `disconnect()` of a call's room end the call. It returns at once, as `ctx.shutdown()` does: the end of the call
 * leaves the room when LiveKit has the final status, and it may wait for the code that has called this, such as an
 * `onEnter`.
 */
export function endBeforeLeaving({ ctx: { room }, end }: CurrentCall): void {
  const disconnect = room.disconnect.bind(room);
  leaving.set(room, disconnect);
  room.disconnect = async () => {
    // When it is called while the call ends, the first reason counts, and the room is left all the same.
    if (room.isConnected) end.because('agent_shutdown', 'ROOM_DISCONNECTED');
    else await disconnect();
  };
}

/** Leaves the room of a call whose final status has been reported. */
export async function leaveRoom(room: Room): Promise<void> {
  await (leaving.get(room) ?? (() => room.disconnect()))();
}

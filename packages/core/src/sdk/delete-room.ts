import type { Room } from '@livekit/rtc-node';

import { timeBox } from '../base/time-box.js';
import type { CurrentCall } from './current-call.js';
import type { CallPatch } from './sdk-patch.js';

// One round trip to LiveKit, on a machine that may be busy. A track that stays costs a thread for ever.
const UNPUBLISH_MS = 5_000;
// The session may take a second to close, and then LiveKit gets the final status.
const REPORT_MS = 3_000;

/** Makes `ctx.deleteRoom()` unpublish the agent's tracks first, and end the call. */
export const deleteRoomPatch: CallPatch = {
  scope: 'call',
  name: 'delete-room',
  why: 'A track that is published when its room is deleted leaves a native thread behind (livekit/rust-sdks#1443), and LiveKit records the job as failed if it removes the agent before it has the final status.',
  versions: '@livekit/rtc-node 0.13',
  apply: endBeforeDeleting,
  undo: 'It ends with the job context.',
};

/**
 * Makes `ctx.deleteRoom()` of a call unpublish the agent's tracks first. The native library never releases a track that
 * is still published when the server ends the room: one thread per call, which wakes a hundred times a second for as
 * long as the process lives (livekit/rust-sdks#1443). Then the call ends: if LiveKit removed the agent before it had the
 * final status, it would record the job as failed.
 * @param endCall - ends the call; resolves when LiveKit has its final status
 */
export function endBeforeDeleting(
  { ctx, logger }: CurrentCall,
  endCall: () => Promise<void>,
): void {
  const deleteRoom = ctx.deleteRoom.bind(ctx);
  ctx.deleteRoom = async (roomName) => {
    if (roomName === undefined || roomName === ctx.room.name) {
      const ran = await timeBox(
        UNPUBLISH_MS,
        () => unpublishAll(ctx.room),
        (error) => logger.warn({ error }, 'a track could not be unpublished, after the timeout'),
      );
      if (ran.kind !== 'done')
        logger.warn({ ...ran }, 'a track is still published while its room is deleted');
      // Called while the call ends, it must not wait for itself.
      await timeBox(REPORT_MS, endCall);
    }
    await deleteRoom(roomName);
  };
}

async function unpublishAll({ localParticipant }: Room): Promise<void> {
  if (localParticipant === undefined) return;
  const sids = [...localParticipant.trackPublications.keys()];
  await Promise.all(sids.map((sid) => localParticipant.unpublishTrack(sid)));
}

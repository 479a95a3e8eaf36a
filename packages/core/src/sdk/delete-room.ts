import type { Room } from '@livekit/rtc-node';

import { timeBox } from '../base/time-box.js';
import { ENDING_MS } from '../call/session-limits.js';
import type { CurrentCall } from './current-call.js';
import type { CallPatch } from './sdk-patch.js';

// One round trip to LiveKit each, on a machine that may be busy. The caller is being hung up on and should not wait for
// the status long; a track that stays costs a thread for ever.
const UNPUBLISH_MS = 5_000;

/** Makes `ctx.deleteRoom()` unpublish the agent's tracks and report the end of the call first. */
export const deleteRoomPatch: CallPatch = {
  scope: 'call',
  name: 'delete-room',
  why: 'LiveKit records a job whose room is deleted without a final status as failed, and a track that is still published leaves a native thread behind (livekit/rust-sdks#1443).',
  versions: '@livekit/rtc-node 0.13',
  apply: prepareRoomDeletion,
  undo: 'It ends with the job context.',
};

/**
 * Makes `ctx.deleteRoom()` of a call do two things first, in this order:
 *
 * - unpublish the agent's tracks. The native library never releases a track that is still published when the server
 *   ends the room: one thread per call, which wakes a hundred times a second for as long as the process lives
 *   (livekit/rust-sdks#1443).
 * - report the end of the call. The server records a job as failed when its room is deleted before it has a final
 *   status. Should the deletion fail, the call goes on, and its job has ended for LiveKit. Not before the tracks are
 *   unpublished: with its final status the server may end the room for the agent.
 * @param reportEnd - resolves when LiveKit has the final status
 */
export function prepareRoomDeletion(
  { ctx, logger }: CurrentCall,
  reportEnd: () => Promise<void>,
): void {
  const deleteRoom = ctx.deleteRoom.bind(ctx);
  const step = async (ms: number, work: () => Promise<void>, what: string) => {
    const ran = await timeBox(ms, work, (error) =>
      logger.warn({ error }, `${what}: failed after the timeout`),
    );
    if (ran.kind !== 'done') logger.warn({ ...ran }, what);
  };
  ctx.deleteRoom = async (roomName) => {
    if (roomName === undefined || roomName === ctx.room.name) {
      await step(
        UNPUBLISH_MS,
        () => unpublishAll(ctx.room),
        'a track is still published while its room is deleted',
      );
      await step(ENDING_MS, reportEnd, 'a room is deleted before LiveKit knows how its call ended');
    }
    await deleteRoom(roomName);
  };
}

async function unpublishAll({ localParticipant }: Room): Promise<void> {
  if (localParticipant === undefined) return;
  const sids = [...localParticipant.trackPublications.keys()];
  await Promise.all(sids.map((sid) => localParticipant.unpublishTrack(sid)));
}

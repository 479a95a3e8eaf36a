import { LocalParticipant, RoomEvent } from '@livekit/rtc-node';

import type { Logger } from '../base/logger.js';
import { currentCall } from './current-call.js';
import { rememberHandles } from './room-handles.js';
import { type ProcessPatch, type UndoPatch, nothingToUndo } from './sdk-patch.js';

/** Remembers the native handles of a track before it is unpublished. */
export const unpublishedTracksPatch: ProcessPatch = {
  scope: 'process',
  name: 'unpublished-tracks',
  why: 'The event of an unpublished track comes without the track on a busy machine; its thread then waits for the garbage collector.',
  versions: '@livekit/rtc-node 0.13',
  apply: rememberUnpublished,
};

interface Participant {
  readonly trackPublications: ReadonlyMap<string, unknown>;
}

interface ParticipantPrototype {
  unpublishTrack: (this: Participant, sid: string, ...rest: unknown[]) => Promise<void>;
}

function rememberUnpublished(logger: Logger): UndoPatch {
  const prototype = LocalParticipant.prototype as unknown as ParticipantPrototype;
  const { unpublishTrack } = prototype;
  if (typeof unpublishTrack !== 'function') {
    logger.warn({}, 'unknown version of @livekit/rtc-node: unpublished tracks are freed late');
    return nothingToUndo;
  }
  prototype.unpublishTrack = function (sid, ...rest) {
    const room = currentCall()?.ctx.room;
    if ((room?.localParticipant as unknown) === this && room !== undefined)
      rememberHandles(room, [RoomEvent.LocalTrackUnpublished, this.trackPublications.get(sid)]);
    return unpublishTrack.call(this, sid, ...rest);
  };
  return () => void (prototype.unpublishTrack = unpublishTrack);
}

import type { JobContext } from '@livekit/agents';
import { LocalParticipant, type Room } from '@livekit/rtc-node';
import { expect, test } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { silentLogger } from '../base/logger.js';
import { SessionEnd } from '../call/session-end.js';
import { runInCall } from './current-call.js';
import { disposeHandles } from './room-handles.js';
import { unpublishedTracksPatch } from './unpublished-tracks.js';

/** A native handle that counts how often it is disposed of. */
function newHandle() {
  const handle = { disposed: 0, dispose: () => void (handle.disposed += 1) };
  return handle;
}

test.each([
  ['in its call', true, 1],
  ['outside of its call', false, 0],
])('the handles of a track that is unpublished %s', async (_where, inCall, disposed) => {
  const unpublishTrack = Reflect.get(LocalParticipant.prototype, 'unpublishTrack') as unknown;
  // As rtc-node does it when its own answer comes before the event of the room: the track is gone at once.
  const unpublishAtOnce = async function (
    this: { trackPublications: Map<string, object> },
    sid: string,
  ) {
    Object.assign(this.trackPublications.get(sid) ?? {}, { track: undefined });
    this.trackPublications.delete(sid);
  };
  Reflect.set(LocalParticipant.prototype, 'unpublishTrack', unpublishAtOnce);
  const undo = unpublishedTracksPatch.apply(new LogBook());
  try {
    const [track, publication] = [newHandle(), newHandle()];
    const localParticipant = Object.assign(
      Object.create(LocalParticipant.prototype) as LocalParticipant,
      {
        trackPublications: new Map([
          ['TR_1', { ffiHandle: publication, track: { ffi_handle: track } }],
        ]),
      },
    );
    const room = { localParticipant, remoteParticipants: new Map() } as unknown as Room;
    const call = {
      jobId: 'AJ_1',
      agent: 'a',
      tenant: 'default',
      room: 'lobby',
      ctx: { room } as unknown as JobContext,
      end: new SessionEnd(),
      logger: silentLogger,
    };
    const unpublish = () => localParticipant.unpublishTrack('TR_1');
    await (inCall ? runInCall(call, unpublish) : unpublish());
    expect(localParticipant.trackPublications.size).toBe(0);
    disposeHandles(room);
    expect([track.disposed, publication.disposed]).toEqual([disposed, disposed]);
  } finally {
    await undo();
    expect(Reflect.get(LocalParticipant.prototype, 'unpublishTrack')).toBe(unpublishAtOnce);
    Reflect.set(LocalParticipant.prototype, 'unpublishTrack', unpublishTrack);
  }
});

import type { JobContext } from '@livekit/agents';
import { expect, test, vi } from 'vitest';

import { silentLogger } from '../base/logger.js';
import type { CurrentCall } from './current-call.js';
import { endBeforeDeleting } from './delete-room.js';
import { SessionEnd } from '../call/session-end.js';

function callWith(
  unpublishTrack: (sid: string) => Promise<void>,
  endCall: () => Promise<void> = async () => {},
) {
  const log: string[] = [];
  const warn = vi.fn();
  const tracks = new Map([
    ['TR_voice', {}],
    ['TR_music', {}],
  ]);
  const ctx = {
    room: {
      name: 'here',
      localParticipant: {
        trackPublications: tracks,
        unpublishTrack: async (sid: string) => {
          log.push(`unpublish ${sid}`);
          await unpublishTrack(sid);
          // As rtc-node does it.
          tracks.delete(sid);
        },
      },
    },
    deleteRoom: async (name?: string) => void log.push(`delete ${name ?? 'its room'}`),
  };
  const call: CurrentCall = {
    jobId: 'AJ_1',
    agent: 'a',
    tenant: 'default',
    room: 'lobby',
    ctx: ctx as unknown as JobContext,
    end: new SessionEnd(),
    logger: { ...silentLogger, warn },
  };
  endBeforeDeleting(call, async () => {
    log.push('end');
    await endCall();
  });
  return { ctx: call.ctx, log, warn };
}

test.each([undefined, 'here'])(
  'tracks are unpublished and the call ends before its room is deleted: %s',
  async (name) => {
    const { ctx, log, warn } = callWith(async () => {});
    await ctx.deleteRoom(name);
    expect(log).toEqual([
      'unpublish TR_voice',
      'unpublish TR_music',
      'end',
      `delete ${name ?? 'its room'}`,
    ]);
    expect(warn).not.toHaveBeenCalled();
  },
);

test('an agent that deletes another room keeps its tracks and its call', async () => {
  const { ctx, log } = callWith(async () => {});
  await ctx.deleteRoom('elsewhere');
  expect(log).toEqual(['delete elsewhere']);
});

test('an agent that never joined has nothing to unpublish', async () => {
  const { ctx, log, warn } = callWith(async () => {});
  Object.assign(ctx.room, { localParticipant: undefined });
  await ctx.deleteRoom();
  expect(log).toEqual(['end', 'delete its room']);
  expect(warn).not.toHaveBeenCalled();
});

test('a track that cannot be unpublished is reported, and its room deleted', async () => {
  const error = new Error('the track is not there');
  const { ctx, log, warn } = callWith(() => Promise.reject(error));
  await ctx.deleteRoom();
  expect(log.at(-1)).toBe('delete its room');
  expect(warn).toHaveBeenCalledWith(
    expect.objectContaining({ error }),
    'a track is still published while its room is deleted',
  );
});

test('a track or an end that takes too long does not prevent the deletion', async () => {
  vi.useFakeTimers();
  try {
    const { ctx, log, warn } = callWith(
      () => new Promise(() => {}),
      () => new Promise(() => {}),
    );
    const deleted = ctx.deleteRoom();
    await vi.runAllTimersAsync();
    await deleted;
    expect(log.at(-1)).toBe('delete its room');
    expect(warn).toHaveBeenCalledOnce();
  } finally {
    vi.useRealTimers();
  }
});

import { type JobContext, getJobContext } from '@livekit/agents';
import type { Room } from '@livekit/rtc-node';
import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';

import { silentLogger } from '../logger.js';
import { EmbeddedRoom } from '../testing/embedded/embedded-room.js';
import { type CurrentCall, blameCurrentCall, currentCall } from './current-call.js';
import { SessionEnd } from './session-end.js';
import { bindRoomToCall, openRoom, releaseRoom, sameRoom } from './session-room.js';

function callOf(jobId: string): CurrentCall {
  const ctx = { job: { id: jobId } } as unknown as JobContext;
  return { jobId, agent: 'a', tenant: 'default', ctx, end: new SessionEnd(), logger: silentLogger };
}

/** A room as rtc-node makes one: a native event comes in, and listeners hear of it. */
class FakeRoom extends EventEmitter {
  onFfiEvent = (event: unknown) => {
    this.onEvent(event);
    this.emit('data', event);
  };

  onEvent: (event: unknown) => void = () => {};
  localParticipant = undefined;
  remoteParticipants = new Map<string, object>();
}

const asRoom = (room: FakeRoom) => room as unknown as Room;

test('two sids that are the same, or of which one is not known, name one room', () => {
  expect(sameRoom('RM_1', 'RM_1')).toBe(true);
  expect(sameRoom('RM_1', 'RM_2')).toBe(false);
  for (const unknown of [undefined, '']) expect(sameRoom(unknown, 'RM_1')).toBe(true);
  expect(sameRoom('RM_1', '')).toBe(true);
});

test('an embedded URL opens a room of words, without anything native', async () => {
  const { room, textOnly } = await openRoom({
    kind: 'room',
    url: 'embedded://127.0.0.1:1',
    token: '',
  });
  expect(room).toBeInstanceOf(EmbeddedRoom);
  expect(textOnly).toBe(true);
});

test('listeners of interleaved rooms each find the job context of their own call', async () => {
  const seen: string[] = [];
  const rooms = ['AJ_1', 'AJ_2'].map((jobId) => {
    const room = new FakeRoom();
    bindRoomToCall(asRoom(room), callOf(jobId));
    room.on('data', (event) => {
      seen.push(
        `${jobId} hears ${String(event)} in ${getJobContext().job.id}, ${currentCall()?.jobId}`,
      );
    });
    room.onEvent = (event) => {
      // Stream handlers and RPC methods run from here, before any listener.
      queueMicrotask(() =>
        seen.push(`${jobId} goes on with ${String(event)} in ${getJobContext().job.id}`),
      );
    };
    return room;
  });
  for (const event of ['a', 'b']) for (const room of rooms) room.onFfiEvent(event);
  await Promise.resolve();
  expect(seen.filter((line) => line.includes('hears'))).toEqual([
    'AJ_1 hears a in AJ_1, AJ_1',
    'AJ_2 hears a in AJ_2, AJ_2',
    'AJ_1 hears b in AJ_1, AJ_1',
    'AJ_2 hears b in AJ_2, AJ_2',
  ]);
  expect(
    seen
      .filter((line) => line.includes('goes on'))
      .every((line) => line.slice(0, 4) === line.slice(-4)),
  ).toBe(true);
  expect(getJobContext(false)).toBeUndefined();
});

test('an event that one call sets off in the room of another belongs to the other', () => {
  const [first, second] = [new FakeRoom(), new FakeRoom()];
  bindRoomToCall(asRoom(first), callOf('AJ_1'));
  bindRoomToCall(asRoom(second), callOf('AJ_2'));
  const seen: (string | undefined)[] = [];
  first.on('data', () => {
    second.emit('data');
    seen.push(currentCall()?.jobId);
  });
  second.on('data', () => seen.push(currentCall()?.jobId));
  first.emit('data');
  expect(seen).toEqual(['AJ_2', 'AJ_1']);
});

test('an error is blamed on the call whose code raised it, and on none outside of calls', () => {
  const call = callOf('AJ_1');
  const room = new FakeRoom();
  bindRoomToCall(asRoom(room), call);
  expect(blameCurrentCall(new Error('boom'), 'uncaught exception')).toBe(false);
  room.on('data', () =>
    expect(blameCurrentCall(new Error('boom'), 'uncaught exception')).toBe(true),
  );
  room.emit('data');
  expect(call.end.error).toMatchObject({
    code: 'SESSION_UNCAUGHT',
    message: 'uncaught exception: boom',
  });
});

test('a room that is released is heard of no more, and gives its native handles back once', () => {
  const room = new FakeRoom();
  let disposed = 0;
  const handle = () => ({ dispose: () => (disposed += 1) });
  const publication = { track: { ffi_handle: handle() }, ffiHandle: handle() };
  room.remoteParticipants.set('caller', {
    ffi_handle: handle(),
    trackPublications: new Map([['TR_1', publication]]),
  });
  Object.assign(room, { ffiHandle: handle() });
  room.on('data', () => expect.unreachable());
  releaseRoom(asRoom(room));
  releaseRoom(asRoom(room));
  room.emit('data');
  expect(disposed).toBe(4);
});

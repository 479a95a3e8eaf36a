import { type JobContext, getJobContext } from '@livekit/agents';
import { type Room, RoomEvent } from '@livekit/rtc-node';
import { EventEmitter } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { silentLogger } from '../base/logger.js';
import { EmbeddedRoom } from '../testing/embedded/embedded-room.js';
import { type CurrentCall, currentCall, runInCall } from './current-call.js';
import { blameCurrentCall } from '../watch/blame.js';
import { SessionEnd } from '../call/session-end.js';
import { bindRoomToCall, openRoom, releaseRoom, sameRoom } from './session-room.js';

function callOf(jobId: string): CurrentCall {
  const ctx = { job: { id: jobId } } as unknown as JobContext;
  return {
    jobId,
    agent: 'a',
    tenant: 'default',
    room: 'lobby',
    ctx,
    end: new SessionEnd(),
    logger: silentLogger,
  };
}

/** A room as rtc-node creates it: a native event arrives, and the listeners are called. */
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

test('two sids match when they are the same or one of them is not known', () => {
  expect(sameRoom('RM_1', 'RM_1')).toBe(true);
  expect(sameRoom('RM_1', 'RM_2')).toBe(false);
  for (const unknown of [undefined, '']) expect(sameRoom(unknown, 'RM_1')).toBe(true);
  expect(sameRoom('RM_1', '')).toBe(true);
});

test('an embedded URL opens a text-only room, without the native library', async () => {
  const { room, textOnly } = await openRoom({
    kind: 'room',
    url: 'embedded://127.0.0.1:1',
    token: '',
  });
  expect(room).toBeInstanceOf(EmbeddedRoom);
  expect(textOnly).toBe(true);
});

test('a real room is joined over two peer connections, with the given options', async () => {
  const requests: unknown[] = [];
  const client = Object.assign(new EventEmitter(), {
    request: (request: unknown) => {
      requests.push(request);
      throw new Error('no native library here');
    },
  });
  const globals = globalThis as { _ffiClientInstance?: unknown };
  globals._ffiClientInstance = client;
  onTestFinished(() => {
    delete globals._ffiClientInstance;
  });
  const { room, textOnly } = await openRoom({ kind: 'room', url: 'ws://127.0.0.1:1', token: 't' });
  expect(textOnly).toBe(false);
  await expect(
    room.connect('ws://127.0.0.1:1', 't', { autoSubscribe: false, dynacast: true }),
  ).rejects.toThrow('no native library here');
  const options = {
    autoSubscribe: false,
    dynacast: true,
    singlePeerConnection: false,
    joinRetries: 0,
  };
  expect(requests).toMatchObject([{ message: { case: 'connect', value: { options } } }]);
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
      // Stream handlers and RPC methods are called here, before any listener.
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

test('an event that one call causes in the room of another call belongs to the other call', () => {
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

test('an error is blamed on the call whose code threw it, and outside of calls on no call', () => {
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

test('a released room gets no more events, and its native handles are disposed of once', () => {
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

test('native handles of participants that left, and of unpublished tracks, are disposed of too', () => {
  const room = new FakeRoom();
  bindRoomToCall(asRoom(room), callOf('AJ_1'));
  const disposed: string[] = [];
  const handle = (name: string) => ({ dispose: () => disposed.push(name) });
  const heard = { ffi_handle: handle('remote track') };
  const caller = { ffi_handle: handle('caller'), trackPublications: new Map() };
  room.emit(RoomEvent.ParticipantConnected, caller);
  room.emit(
    RoomEvent.TrackUnsubscribed,
    heard,
    { ffiHandle: handle('remote publication') },
    caller,
  );
  room.emit(RoomEvent.ParticipantDisconnected, caller);
  const said = { track: { ffi_handle: handle('local track') }, ffiHandle: handle('publication') };
  // As rtc-node does it: listeners still see the track, then it is removed.
  room.emit(RoomEvent.LocalTrackUnpublished, said, {});
  Object.assign(said, { track: undefined });
  expect(disposed).toEqual([]);
  releaseRoom(asRoom(room));
  expect(disposed.toSorted()).toEqual(
    ['caller', 'local track', 'publication', 'remote publication', 'remote track'].toSorted(),
  );
});

test('a handle that cannot be disposed of is reported, and the others are still disposed of', () => {
  const room = new FakeRoom();
  const disposed: string[] = [];
  const broken = () => {
    throw new Error('trying to drop an invalid handle');
  };
  room.remoteParticipants.set('caller', { ffi_handle: { dispose: broken } });
  Object.assign(room, { ffiHandle: { dispose: () => disposed.push('room') } });
  expect(() => releaseRoom(asRoom(room))).toThrow('native handles could not be disposed of');
  expect(disposed).toEqual(['room']);
});

test('RPC methods are unregistered while the participant they belong to is still there', () => {
  const room = new FakeRoom();
  const log: string[] = [];
  const rpcHandlers = new Map([
    ['first', () => {}],
    ['second', () => {}],
  ]);
  Object.assign(room, {
    localParticipant: {
      rpcHandlers,
      ffi_handle: { dispose: () => log.push('disposed') },
      unregisterRpcMethod: (method: string) => log.push(`${method}: ${rpcHandlers.delete(method)}`),
    },
  });
  releaseRoom(asRoom(room));
  releaseRoom(asRoom(room));
  expect(log).toEqual(['first: true', 'second: true', 'disposed']);
});

test('errors of a call that has ended change nothing, and only the first is a warning', () => {
  const log = new LogBook();
  const call = { ...callOf('AJ_1'), logger: log };
  call.end.because('caller_left');
  for (const message of ['one', 'two', 'three'])
    expect(runInCall(call, () => blameCurrentCall(new Error(message), 'uncaught exception'))).toBe(
      true,
    );
  expect(call.end.error).toBeUndefined();
  expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'debug', 'debug']);
});

import { DisconnectReason, ParticipantKind, type Room, RoomEvent } from '@livekit/rtc-node';
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { watchRoom } from './room-watch.js';
import { SessionEnd } from '../call/session-end.js';
import { defaultSessionLimits } from '../call/session-limits.js';
import { outcomeOf } from '../call/session-outcome.js';

const GRACE_MS = defaultSessionLimits.emptyRoomGraceMs;

class FakeRoom extends EventEmitter {
  readonly remoteParticipants = new Map<string, object>();

  join(): void {
    const caller = { info: { kind: ParticipantKind.STANDARD } };
    this.remoteParticipants.set('caller', caller);
    this.emit(RoomEvent.ParticipantConnected, caller);
  }

  leave(disconnectReason?: DisconnectReason): void {
    this.remoteParticipants.clear();
    this.emit(RoomEvent.ParticipantDisconnected, { disconnectReason });
  }
}

let room: FakeRoom;
let end: SessionEnd;
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  room = new FakeRoom();
  end = new SessionEnd();
  room.join();
  stop = watchRoom({
    room: room as unknown as Room,
    end,
    limits: defaultSessionLimits,
    participant: undefined,
    hangUpEnds: () => false,
  });
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

const decided = [
  'ROOM_DELETED',
  'ROOM_CLOSED',
  'PARTICIPANT_REMOVED',
  'DUPLICATE_IDENTITY',
] as const;

test.each(decided)('%s is a decision: the call ends normally', (reason) => {
  room.emit(RoomEvent.Disconnected, DisconnectReason[reason]);
  expect(end.outcome).toEqual(outcomeOf('room_closed', reason));
});

const lost = ['UNKNOWN_REASON', 'CONNECTION_TIMEOUT', 'SIGNAL_CLOSE', 'MEDIA_FAILURE'] as const;

test.each(lost)('%s is a lost connection: the call fails', (reason) => {
  room.emit(RoomEvent.Disconnected, DisconnectReason[reason]);
  expect(end.outcome).toMatchObject({
    status: 'failed',
    error: { code: 'SESSION_CONNECTION_LOST', message: expect.stringContaining(reason) },
  });
});

test('an empty room ends the call after the grace', () => {
  room.leave();
  vi.advanceTimersByTime(GRACE_MS - 1);
  expect(end.outcome).toBeUndefined();
  vi.advanceTimersByTime(1);
  expect(end.outcome).toMatchObject({ reason: 'empty_room' });
});

// rtc-node emits that all participants have left, either before or after it emits that it reconnects.
test.each(['before', 'after'])(
  'a caller who disappears %s a reconnect begins has not left',
  (when) => {
    if (when === 'before') room.leave();
    room.emit(RoomEvent.Reconnecting);
    if (when === 'after') room.leave();
    vi.advanceTimersByTime(GRACE_MS * 2);
    expect(end.outcome).toBeUndefined();
    room.join();
    room.emit(RoomEvent.Reconnected);
    vi.advanceTimersByTime(GRACE_MS * 2);
    expect(end.outcome).toBeUndefined();
  },
);

test('a room that is empty once it is reconnected ends the call after the grace', () => {
  room.emit(RoomEvent.Reconnecting);
  room.leave();
  room.emit(RoomEvent.Reconnected);
  vi.advanceTimersByTime(GRACE_MS);
  expect(end.outcome).toMatchObject({ reason: 'empty_room' });
});

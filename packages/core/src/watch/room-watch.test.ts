import {
  ConnectionState,
  DisconnectReason,
  ParticipantKind,
  type Room,
  RoomEvent,
} from '@livekit/rtc-node';
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { earlyEvents } from './early-events.js';
import { type RoomWatch, watchRoom } from './room-watch.js';
import { SessionEnd } from '../call/session-end.js';
import { defaultSessionLimits } from '../call/session-limits.js';
import { outcomeOf } from '../call/session-outcome.js';

const GRACE_MS = defaultSessionLimits.emptyRoomGraceMs;

class FakeRoom extends EventEmitter {
  readonly remoteParticipants = new Map<string, object>();
  sid = 'RM_1';

  getSid(): Promise<string> {
    return Promise.resolve(this.sid);
  }

  join(identity = 'caller', kind = ParticipantKind.STANDARD): void {
    const participant = { identity, info: { kind } };
    this.remoteParticipants.set(identity, participant);
    this.emit(RoomEvent.ParticipantConnected, participant);
  }

  /** Another room of the same name, as rtc-node shows it. */
  async replace(how: RoomEvent.RoomUpdated | RoomEvent.Moved = RoomEvent.RoomUpdated) {
    await Promise.resolve();
    this.emit(RoomEvent.Reconnecting);
    this.leave();
    this.sid = 'RM_2';
    this.emit(how);
    this.emit(RoomEvent.Reconnected);
    await Promise.resolve();
  }

  leave(disconnectReason?: DisconnectReason): void {
    this.remoteParticipants.clear();
    this.emit(RoomEvent.ParticipantDisconnected, { disconnectReason });
  }
}

let room: FakeRoom;
let end: SessionEnd;
let watch: RoomWatch;

beforeEach(() => {
  vi.useFakeTimers();
  room = new FakeRoom();
  end = new SessionEnd();
  room.join();
  watch = watchRoom({
    room: room as unknown as Room,
    end,
    limits: defaultSessionLimits,
    participant: undefined,
    hangUpEnds: () => false,
  });
});

afterEach(() => {
  watch.stop();
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

const hungUp = { identity: 'caller', disconnectReason: DisconnectReason.CLIENT_INITIATED };
const dropped = { identity: 'caller', disconnectReason: DisconnectReason.CONNECTION_TIMEOUT };
const other = { ...hungUp, identity: 'other' };
const { PARTICIPANT_REMOVED: REMOVED, USER_REJECTED: REJECTED } = DisconnectReason;

// Between the join and the moment when the room is watched. Expected: how the call ends at once, if it does.
test.each<
  [string, object, { there?: string[]; participant?: string; ends?: boolean }, string | undefined]
>([
  ['the caller hung up', hungUp, {}, 'caller_left'],
  ['the caller was removed', { ...hungUp, disconnectReason: REMOVED }, {}, 'caller_left'],
  ['a telephone rejected the call', { ...hungUp, disconnectReason: REJECTED }, {}, 'caller_left'],
  ['the caller hung up, but the session is to stay', hungUp, { ends: false }, undefined],
  ['the caller was lost', dropped, {}, undefined],
  ['one of two callers hung up', hungUp, { there: ['other'] }, undefined],
  [
    'the participant of the job hung up',
    hungUp,
    { participant: 'caller', there: ['other'] },
    'caller_left',
  ],
  ['another participant hung up', other, { participant: 'caller', there: ['caller'] }, undefined],
])(
  '%s before the room was watched',
  (_what, leaver, { there = [], participant, ends = true }, reason) => {
    const quiet = new FakeRoom();
    for (const identity of there)
      quiet.remoteParticipants.set(identity, { info: { kind: ParticipantKind.STANDARD } });
    const early = new SessionEnd();
    const events = earlyEvents(quiet as unknown as Room, early);
    quiet.emit(RoomEvent.ParticipantDisconnected, leaver);
    const { stop: stopEarly } = watchRoom({
      room: quiet as unknown as Room,
      end: early,
      limits: defaultSessionLimits,
      participant,
      hangUpEnds: () => ends,
      leftBefore: events.left,
    });
    events.stop();
    expect(early.outcome?.reason).toBe(reason);
    // The others end after the grace, unless a caller is there.
    vi.advanceTimersByTime(GRACE_MS);
    expect(early.outcome !== undefined).toBe(there.length === 0 || reason !== undefined);
    stopEarly();
    // That of the room of every test.
    expect(vi.getTimerCount()).toBe(1);
    expect(quiet.eventNames()).toEqual([]);
  },
);

test('a room that ends before it is watched ends the call', () => {
  const quiet = new FakeRoom();
  const early = new SessionEnd();
  const events = earlyEvents(quiet as unknown as Room, early);
  quiet.emit(RoomEvent.Disconnected, DisconnectReason.ROOM_DELETED);
  expect(early.outcome).toEqual(outcomeOf('room_closed', 'ROOM_DELETED'));
  events.stop();
  expect(quiet.eventNames()).toEqual([]);
});

test('a room that reconnects when it is first watched is not empty', () => {
  const away = Object.assign(new FakeRoom(), {
    connectionState: ConnectionState.CONN_RECONNECTING,
  });
  const early = new SessionEnd();
  const { stop: stopEarly } = watchRoom({
    room: away as unknown as Room,
    end: early,
    limits: { ...defaultSessionLimits, maxSessionDurationMs: 0 },
    participant: undefined,
    hangUpEnds: () => true,
  });
  vi.advanceTimersByTime(2 * GRACE_MS);
  expect(early.outcome).toBeUndefined();
  stopEarly();
});

test('a room that LiveKit has lost and created again is lost, unless the caller comes back', async () => {
  await room.replace();
  expect(watch.lost).toBe(true);
  vi.advanceTimersByTime(GRACE_MS - 1);
  room.join();
  vi.advanceTimersByTime(2 * GRACE_MS);
  expect(end.outcome).toBeUndefined();
  room.leave();
  vi.advanceTimersByTime(GRACE_MS);
  expect(end.outcome).toMatchObject({
    status: 'failed',
    causedBy: 'network',
    error: { code: 'SESSION_CONNECTION_LOST', message: expect.stringContaining('no caller came') },
  });
});

test('a call ends when LiveKit has sent another agent to the room that it created again', async () => {
  room.join('its other agent', ParticipantKind.AGENT);
  await room.replace();
  room.join();
  room.join('its other agent', ParticipantKind.AGENT);
  expect(end.outcome).toBeUndefined();
  room.join('a new agent', ParticipantKind.AGENT);
  expect(end.outcome).toMatchObject({
    error: { code: 'SESSION_CONNECTION_LOST', message: expect.stringContaining('another agent') },
  });
});

test('a call also ends when the other agent was in that room first', async () => {
  await Promise.resolve();
  room.sid = 'RM_2';
  room.remoteParticipants.set('first', {
    identity: 'first',
    info: { kind: ParticipantKind.AGENT },
  });
  room.emit(RoomEvent.RoomUpdated);
  await Promise.resolve();
  expect(end.outcome).toMatchObject({ error: { code: 'SESSION_CONNECTION_LOST' } });
});

test('a call that was moved to another room goes on there, and other agents may come', async () => {
  await room.replace(RoomEvent.Moved);
  expect(watch.lost).toBe(false);
  room.join();
  room.join('another agent', ParticipantKind.AGENT);
  expect(end.outcome).toBeUndefined();
});

test('an agent that is in the room before rtc-node tells that it is another one ends the call, too', async () => {
  await Promise.resolve();
  room.emit(RoomEvent.Reconnecting);
  room.leave();
  room.sid = 'RM_2';
  room.join('a new agent', ParticipantKind.AGENT);
  room.emit(RoomEvent.RoomUpdated);
  room.emit(RoomEvent.Reconnected);
  await Promise.resolve();
  expect(end.outcome).toMatchObject({ error: { code: 'SESSION_CONNECTION_LOST' } });
});

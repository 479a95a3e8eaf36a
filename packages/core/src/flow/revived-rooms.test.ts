import { ParticipantInfo, ParticipantInfo_Kind, Room } from '@livekit/protocol';
import { RoomServiceClient } from 'livekit-server-sdk';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { LogBook } from '../base/log-book.js';
import type { SessionInfo } from '../call/call.js';
import { failureOf, outcomeOf } from '../call/session-outcome.js';
import { RevivedRooms } from './revived-rooms.js';

const server = { url: 'ws://127.0.0.1:1', apiKey: 'key', apiSecret: 'secret' };
const info: SessionInfo = {
  jobId: 'AJ_1',
  agent: 'sales',
  tenant: 'default',
  room: 'lobby',
  metadata: {},
  startedAt: 1,
};
const tooLate = failureOf({ code: 'SESSION_WRONG_ROOM', message: 'too late' });

let log: LogBook;
let rooms: RevivedRooms;
let deleted: string[];
let asked = 0;

/** What LiveKit has under the name of the room. */
function found(room: Partial<Room> | undefined, kinds: readonly ParticipantInfo_Kind[] = []): void {
  vi.spyOn(RoomServiceClient.prototype, 'listRooms').mockImplementation(async () => {
    asked += 1;
    return room === undefined ? [] : [new Room({ name: 'lobby', ...room })];
  });
  vi.spyOn(RoomServiceClient.prototype, 'listParticipants').mockImplementation(async () =>
    kinds.map((kind) => new ParticipantInfo({ kind })),
  );
}

beforeEach(() => {
  vi.useFakeTimers();
  log = new LogBook();
  rooms = new RevivedRooms(server, log);
  deleted = [];
  asked = 0;
  vi.spyOn(RoomServiceClient.prototype, 'deleteRoom').mockImplementation(
    async (name) => void deleted.push(name),
  );
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const { AGENT, STANDARD, SIP } = ParticipantInfo_Kind;

test.each([
  ['nobody is in', { sid: 'RM_new' }, [], true],
  ['only another agent is in', { sid: 'RM_new' }, [AGENT], true],
  ['a caller is in', { sid: 'RM_new' }, [AGENT, STANDARD], false],
  ['a telephone is in', { sid: 'RM_new' }, [SIP], false],
  ['somebody has created for a call', { sid: 'RM_new', metadata: '{"agent":"a"}' }, [], false],
  ['is still that of the job', { sid: 'RM_old' }, [], false],
  ['does not exist', undefined, [], false],
])('a room that %s', async (_what, room, kinds, gone) => {
  found(room, kinds);
  const removed = rooms.remove(info, tooLate, 'RM_old');
  await vi.runAllTimersAsync();
  await removed;
  expect(deleted).toEqual(gone ? ['lobby'] : []);
  expect(rooms.has('RM_new')).toBe(gone);
  expect(log.matching('warn', /./)).toEqual([]);
});

test('its further jobs are refused before it is deleted, and those of other rooms are not', async () => {
  found({ sid: 'RM_new' });
  const removed = rooms.remove(info, tooLate, 'RM_old');
  await vi.advanceTimersByTimeAsync(0);
  expect([rooms.has('RM_new'), rooms.has('RM_other'), rooms.has(undefined)]).toEqual([
    true,
    false,
    false,
  ]);
  expect(deleted).toEqual([]);
  await vi.runAllTimersAsync();
  await removed;
});

test('a caller who comes meanwhile keeps the room', async () => {
  found({ sid: 'RM_new' });
  const removed = rooms.remove(info, tooLate, 'RM_old');
  await vi.advanceTimersByTimeAsync(0);
  found({ sid: 'RM_new' }, [STANDARD]);
  await vi.runAllTimersAsync();
  await removed;
  expect(deleted).toEqual([]);
});

test.each([
  ['that ended otherwise', outcomeOf('room_closed'), 'RM_old'],
  ['whose room had no id', tooLate, ''],
  ['without a room', tooLate, undefined],
])('a call %s asks LiveKit nothing', async (_what, outcome, sid) => {
  found({ sid: 'RM_new' });
  await rooms.remove(info, outcome, sid);
  expect(asked).toBe(0);
});

test('a LiveKit that cannot be reached is a warning', async () => {
  found(undefined);
  vi.spyOn(RoomServiceClient.prototype, 'listRooms').mockRejectedValue(new Error('unreachable'));
  await rooms.remove(info, tooLate, 'RM_old');
  expect(log.matching('warn', /may exist again/)).toHaveLength(1);
});

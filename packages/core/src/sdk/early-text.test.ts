import { type JobContext, voice } from '@livekit/agents';
import { type Room, RoomEvent } from '@livekit/rtc-node';
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { silentLogger } from '../base/logger.js';
import { SessionEnd } from '../call/session-end.js';
import { setCallOf } from './agent-owners.js';
import { earlyTextPatch } from './early-text.js';

const start = Reflect.get<voice.RoomIO, 'start'>(voice.RoomIO.prototype, 'start');
let undo: () => void | Promise<void>;

beforeEach(() => {
  vi.useFakeTimers();
  // What the SDK does at the start is not wanted here.
  voice.RoomIO.prototype.start = () => undefined;
  undo = earlyTextPatch.apply(new LogBook());
});

afterEach(async () => {
  await undo();
  voice.RoomIO.prototype.start = start;
  vi.useRealTimers();
});

/** The text input of a session whose room knows nobody. */
function textInput() {
  const handled: string[] = [];
  const remoteParticipants = new Map<string, object>();
  const room = Object.assign(new EventEmitter(), { remoteParticipants });
  const agentSession = {} as voice.AgentSession;
  const end = new SessionEnd();
  const ctx = { room: room as unknown as Room } as JobContext;
  const names = { jobId: 'AJ_1', agent: 'a', tenant: 'default', room: 'lobby' };
  setCallOf(agentSession, { ...names, ctx, end, logger: silentLogger });
  // The handler is not in the types of a RoomIO.
  const onUserTextInput = (text: string, _sender: { identity: string }) => void handled.push(text);
  const io = { room, agentSession, onUserTextInput };
  voice.RoomIO.prototype.start.call(io as unknown as voice.RoomIO);
  return {
    handled,
    end,
    type: (identity: string, text: string) => io.onUserTextInput(text, { identity }),
    join: (identity: string) => {
      remoteParticipants.set(identity, {});
      room.emit(RoomEvent.ParticipantConnected, { identity });
    },
    listeners: () => room.listenerCount(RoomEvent.ParticipantConnected),
  };
}

test('what callers type before the room knows them is handled when it does, in its order', () => {
  const { handled, type, join, listeners } = textInput();
  type('ann', '1');
  type('bob', '2');
  type('ann', '3');
  expect(handled).toEqual([]);
  join('ann');
  expect(handled).toEqual(['1', '3']);
  type('ann', '4');
  join('bob');
  expect(handled).toEqual(['1', '3', '4', '2']);
  expect(listeners()).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test('the text of a sender who is never known goes to the session, which drops it', () => {
  const { handled, type, listeners } = textInput();
  type('hidden', '1');
  vi.runAllTimers();
  expect(handled).toEqual(['1']);
  expect(listeners()).toBe(0);
});

test('nothing is kept after the call', async () => {
  const { handled, type, join, listeners, end } = textInput();
  type('ann', '1');
  end.because('caller_left');
  await end.reached;
  await Promise.resolve();
  join('ann');
  expect(handled).toEqual([]);
  expect(listeners()).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

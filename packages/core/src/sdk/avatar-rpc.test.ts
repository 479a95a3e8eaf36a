import { initializeLogger, voice } from '@livekit/agents';
import type { Room, RpcInvocationData } from '@livekit/rtc-node';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { avatarRpcPatch } from './avatar-rpc.js';

type Answer = (data: Partial<RpcInvocationData>) => Promise<string>;

/** A room that is joined, with the RPC methods of its participant. */
function newRoom() {
  const methods = new Map<string, Answer>();
  const localParticipant = {
    registerRpcMethod: (name: string, answer: Answer) => void methods.set(name, answer),
  };
  return { methods, room: { localParticipant } as unknown as Room };
}

const METHODS = {
  registerPlaybackFinishedRpc: 'lk.playback_finished',
  registerPlaybackStartedRpc: 'lk.playback_started',
} as const;

let undo: () => unknown;
let log: LogBook;

beforeEach(() => {
  initializeLogger({ pretty: false, level: 'silent' });
  log = new LogBook();
  undo = avatarRpcPatch.apply(log);
});

afterEach(() => void undo());

test.each(Object.entries(METHODS))('%s works in each room', async (register, method) => {
  const [first, second] = [newRoom(), newRoom()];
  for (const [at, { room }] of [first, second].entries())
    voice.DataStreamAudioOutput[register as keyof typeof METHODS]({
      room,
      // Every call has an avatar of the same identity.
      callerIdentity: 'avatar',
      handler: () => `heard in call ${at + 1}`,
    });
  const answers: unknown[] = [];
  for (const { methods } of [first, second])
    answers.push(await methods.get(method)?.({ callerIdentity: 'avatar' }));
  expect(answers).toEqual(['heard in call 1', 'heard in call 2']);
});

test('a room may have several avatars, and others are not listened to', async () => {
  const { methods, room } = newRoom();
  for (const callerIdentity of ['ada', 'bob'])
    voice.DataStreamAudioOutput.registerPlaybackFinishedRpc({
      room,
      callerIdentity,
      handler: () => callerIdentity,
    });
  const answer = methods.get('lk.playback_finished');
  expect(await answer?.({ callerIdentity: 'ada' })).toBe('ada');
  expect(await answer?.({ callerIdentity: 'bob' })).toBe('bob');
  expect(await answer?.({ callerIdentity: 'mallory' })).toBe('reject');
  expect(log.matching('warn', /no avatar of the call/)).toHaveLength(1);
});

test('after the last pool the methods are those of the SDK', () => {
  const methods = () =>
    Object.keys(METHODS).map((name) => Reflect.get(voice.DataStreamAudioOutput, name) as unknown);
  const patched = methods();
  void undo();
  for (const [at, method] of methods().entries()) expect(method).not.toBe(patched[at]);
});

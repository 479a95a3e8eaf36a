import { initializeLogger, type JobContext, voice } from '@livekit/agents';
import { ParticipantKind, RoomEvent } from '@livekit/rtc-node';
import { EventEmitter } from 'node:events';
import { beforeAll, expect, test } from 'vitest';

import type { Greeting } from '../agents/agent-options.js';
import { silentLogger } from '../base/logger.js';
import { SessionEnd } from '../call/session-end.js';
import { ToneTTS } from '../testing/providers/tone-tts.js';
import { greet, greetCaller } from './greeting.js';

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));

interface Stage {
  readonly tts?: boolean;
  readonly agentTts?: boolean;
  readonly audio?: boolean;
}

/** The calls that a session gets for a greeting. */
function greeted(
  greeting: Greeting,
  { tts = false, agentTts = false, audio = true }: Stage,
): unknown[] {
  const asked: unknown[] = [];
  const session = {
    tts: tts ? new ToneTTS() : undefined,
    output: { audio: audio ? {} : null },
    say: (text: string) => asked.push(['say', text]),
    generateReply: (options: object) => asked.push(['generateReply', options]),
  };
  const agent = agentTts
    ? new voice.Agent({ instructions: '', tts: new ToneTTS() })
    : new voice.Agent({ instructions: '' });
  greet(session as unknown as voice.AgentSession, agent, greeting);
  return asked;
}

test.each<[string, Stage]>([
  ['where the session has a voice', { tts: true }],
  ['where the agent has one of its own', { agentTts: true }],
  ['where there is no audio at all', { audio: false }],
])('a text is said as it is written %s', (_where, stage) => {
  expect(greeted('Welcome.', stage)).toEqual([['say', 'Welcome.']]);
});

test('a realtime model without TTS is asked to say the text word for word', () => {
  expect(greeted('Welcome.', {})).toEqual([
    ['generateReply', { instructions: expect.stringMatching(/exactly.*Welcome\.$/) }],
  ]);
});

test('instructions are phrased by the model', () => {
  expect(greeted({ instructions: 'Welcome them in Dutch.' }, { tts: true })).toEqual([
    ['generateReply', { instructions: 'Welcome them in Dutch.' }],
  ]);
});

/** A room that callers join, and what an agent says in it. */
function emptyRoom({ audio, participant }: { audio: boolean; participant?: string }) {
  const said: string[] = [];
  const remoteParticipants = new Map<string, object>();
  const room = Object.assign(new EventEmitter(), { remoteParticipants });
  const end = new SessionEnd();
  const names = { jobId: 'AJ_1', agent: 'a', tenant: 'default', room: 'lobby' };
  const call = { ...names, ctx: { room } as unknown as JobContext, end, logger: silentLogger };
  const session = { output: { audio: audio ? {} : null }, say: (text: string) => said.push(text) };
  const agent = new voice.Agent({ instructions: '', tts: new ToneTTS() });
  greetCaller(call, participant, session as unknown as voice.AgentSession, agent, 'Welcome.');
  return {
    said,
    end,
    join: (identity: string, kind = ParticipantKind.STANDARD) => {
      remoteParticipants.set(identity, { identity, info: { kind } });
      room.emit(RoomEvent.ParticipantConnected, { identity });
    },
    listeners: () => room.listenerCount(RoomEvent.ParticipantConnected),
  };
}

test('an agent without a voice greets when a caller comes, and once', () => {
  const { said, join, listeners } = emptyRoom({ audio: false });
  join('another agent', ParticipantKind.AGENT);
  expect(said).toEqual([]);
  join('ann');
  join('bob');
  expect(said).toEqual(['Welcome.']);
  expect(listeners()).toBe(0);
});

test('an agent without a voice whose job is for one participant greets that one', () => {
  const { said, join } = emptyRoom({ audio: false, participant: 'bob' });
  join('ann');
  expect(said).toEqual([]);
  join('bob');
  expect(said).toEqual(['Welcome.']);
});

test('an agent with a voice greets at once: the SDK keeps a voice until it is listened to', () => {
  expect(emptyRoom({ audio: true }).said).toEqual(['Welcome.']);
});

test('nobody is greeted after the call', async () => {
  const { said, join, end, listeners } = emptyRoom({ audio: false });
  end.because('empty_room');
  await end.reached;
  await Promise.resolve();
  join('ann');
  expect(said).toEqual([]);
  expect(listeners()).toBe(0);
});

import { initializeLogger, voice } from '@livekit/agents';
import { beforeAll, expect, test } from 'vitest';

import type { Greeting } from '../agents/agent-options.js';
import { ToneTTS } from '../testing/providers/tone-tts.js';
import { greet } from './greeting.js';

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

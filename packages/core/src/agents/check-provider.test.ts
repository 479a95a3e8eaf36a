import { initializeLogger, llm, voice } from '@livekit/agents';
import { createRequire } from 'node:module';
import { beforeAll, expect, test } from 'vitest';

import { EchoLLM } from '../testing/providers/echo-llm.js';
import { ScriptedSTT } from '../testing/providers/scripted-stt.js';
import { ToneTTS } from '../testing/providers/tone-tts.js';
import { misfit } from './check-provider.js';

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));

// The CommonJS build has classes of its own.
const foreign = createRequire(import.meta.url)('@livekit/agents') as { llm: typeof llm };

test('providers of the right class fit, and so do model strings', () => {
  expect(misfit('llm', new EchoLLM())).toBeUndefined();
  expect(misfit('stt', new ScriptedSTT({ script: ['hello'] }))).toBeUndefined();
  expect(misfit('tts', new ToneTTS())).toBeUndefined();
  expect(misfit('llm', 'openai/gpt-5')).toBeUndefined();
});

test.each<['stt' | 'llm' | 'tts' | 'vad', unknown, string]>([
  ['llm', 5, 'a number'],
  ['llm', undefined, 'undefined'],
  ['llm', {}, 'an object of no class'],
  ['llm', ' ', 'a blank string'],
  ['llm', new Map(), 'a Map'],
  ['llm', Object.create(null), 'an object of no class'],
  ['tts', [], 'an array'],
  ['stt', EchoLLM, 'a class'],
  ['vad', 'silero', 'a string'],
])('%s %o does not fit', (slot, value, got) => {
  expect(misfit(slot, value)?.got).toBe(got);
});

test('a provider for another slot is named with its class', () => {
  expect(misfit('llm', new ToneTTS())?.got).toBe('ToneTTS (class TTS)');
  expect(misfit('tts', new EchoLLM())?.got).toBe('EchoLLM (class LLM)');
});

test('a provider of another copy of the SDK is named as such', () => {
  class Foreign extends foreign.llm.LLM {
    override label(): string {
      return 'foreign';
    }
    override chat(): never {
      throw new Error('not called');
    }
  }
  expect(new Foreign()).not.toBeInstanceOf(llm.LLM);
  expect(misfit('llm', new Foreign())?.got).toBe(
    'Foreign (class LLM of another copy of @livekit/agents: `npm ls @livekit/agents` must show one)',
  );
});

test('an agent is not a provider', () => {
  expect(misfit('llm', new voice.Agent({ instructions: '' }))?.got).toContain('class Agent');
});

import { expect, test } from 'vitest';

import { EchoLLM } from '../testing/providers/echo-llm.js';
import type { AgentConfig } from './agent-options.js';
import { namedModels, optionsOfLaterCalls } from './option-changes.js';

const config = (options: Partial<AgentConfig>): AgentConfig => ({
  name: 'shop',
  revision: 0,
  agent: () => Promise.reject(new Error('not built here')),
  ...options,
});

const open = () => undefined;
const close = () => null;

test.each<[string, Partial<AgentConfig>, Partial<AgentConfig>, readonly string[]]>([
  ['nothing', {}, {}, []],
  ['another greeting', { greeting: 'hello' }, { greeting: 'good day' }, ['greeting']],
  [
    'the same instructions',
    { greeting: { instructions: 'a' } },
    { greeting: { instructions: 'a' } },
    [],
  ],
  ['a model by another name, for live calls as well', { llm: 'openai/a' }, { llm: 'openai/b' }, []],
  ['a model that is left out', { llm: 'openai/a' }, {}, ['llm']],
  ['a factory with the same text', { llm: () => new EchoLLM() }, { llm: () => new EchoLLM() }, []],
  ['a function with another text', { userData: open }, { userData: close }, ['userData']],
  ['another object of the same class', { llm: new EchoLLM() }, { llm: new EchoLLM() }, []],
  [
    'an option of the session',
    { session: { minEndpointingDelay: 1 } as never, greeting: null },
    { session: { minEndpointingDelay: 2 } as never, greeting: null },
    ['session'],
  ],
])('what later calls get of %s', (_what, before, next, options) => {
  expect(optionsOfLaterCalls(config(before), config(next))).toEqual(options);
});

test('a model of another name, and no other, is for live calls', () => {
  const before = config({
    llm: 'openai/a',
    tts: 'cartesia/x',
    stt: () => Promise.reject(new Error()),
  });
  const next = config({ llm: 'openai/b', tts: 'cartesia/x', stt: 'deepgram/y' });
  expect(namedModels(before, next)).toEqual({ llm: 'openai/b', stt: 'deepgram/y' });
});

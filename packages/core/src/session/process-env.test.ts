import { initializeLogger, voice } from '@livekit/agents';
import { beforeAll, expect, test } from 'vitest';

import { EchoLLM } from '../testing/providers/echo-llm.js';
import { TextCalls } from './shared-provider.fixture.js';

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));

test('no call changes the environment of the process', async () => {
  const seen: [string, NodeJS.ProcessEnv][] = [];
  const look = (where: string) => void seen.push([where, { ...process.env }]);
  class Looking extends voice.Agent {
    constructor() {
      look('constructor');
      super({ instructions: '' });
    }

    override async onEnter(): Promise<void> {
      look('onEnter');
    }

    override async onExit(): Promise<void> {
      look('onExit');
    }
  }
  const before = { ...process.env };
  const llm = () => new EchoLLM({ reply: (text) => (look('reply'), text) });
  const calls = await TextCalls.start({ defaults: { llm }, setup: () => look('setup') }, (pool) => {
    pool.add('looking', Looking, { greeting: 'hello', record: true });
  });
  const [first, second] = [await calls.dial(), await calls.dial()];
  await Promise.all([first.say('a'), second.say('b')]);
  first.hangUp();
  second.hangUp();
  await calls.drain();
  await calls[Symbol.asyncDispose]();
  look('after');
  const places = ['after', 'constructor', 'onEnter', 'onExit', 'reply', 'setup'];
  expect([...new Set(seen.map(([where]) => where))].toSorted()).toEqual(places);
  for (const [where, env] of seen) expect(env, where).toEqual(before);
});

import { voice } from '@livekit/agents';
import { expect, test } from 'vitest';

import { PoolHarness } from '../pool/pool-harness.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';

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
  const rig = await PoolHarness.start();
  const { pool, running } = await rig.registered({
    defaults: { llm, greeting: 'hello' },
    setup: () => look('setup'),
  });
  pool.add('looking', Looking, { record: true });
  const metadata = { agent: 'looking' };
  const [first, second] = [await rig.dial({ metadata }), await rig.dial({ metadata })];
  await Promise.all([first.say('a'), second.say('b')]);
  first.hangUp();
  second.hangUp();
  await pool.drain();
  await running;
  await rig.close();
  look('after');
  const places = ['after', 'constructor', 'onEnter', 'onExit', 'reply', 'setup'];
  expect([...new Set(seen.map(([where]) => where))].toSorted()).toEqual(places);
  for (const [where, env] of seen) expect(env, where).toEqual(before);
});

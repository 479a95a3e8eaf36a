import { initializeLogger, voice } from '@livekit/agents';
import { createRequire } from 'node:module';
import { beforeAll, expect, test } from 'vitest';

import type { AgentConfig } from '../agents/agent-options.js';
import type { PrewarmedCall } from '../call/call.js';
import { buildAgent } from './build-agent.js';

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));

const call: PrewarmedCall = {
  jobId: 'AJ_1',
  agent: 'sales',
  tenant: 'acme',
  room: 'r',
  metadata: {},
  startedAt: 1,
  prewarmed: {},
};
const config = (agent: unknown) => ({ name: 'sales', agent }) as AgentConfig;

class Sales extends voice.Agent {
  constructor() {
    super({ instructions: 'Sell.' });
  }
}

test('each call gets a new instance of a class', async () => {
  const [first, second] = [
    await buildAgent(config(Sales), call),
    await buildAgent(config(Sales), call),
  ];
  expect(first).toBeInstanceOf(Sales);
  expect(second).not.toBe(first);
});

test('a factory gets the facts about the call, and may be asynchronous', async () => {
  const built = await buildAgent(
    config(async (info: PrewarmedCall) =>
      voice.Agent.create({ instructions: `For ${info.tenant}.` }),
    ),
    call,
  );
  expect(built.instructions).toBe('For acme.');
});

test.each([
  [
    'throws',
    () => {
      throw new Error('no menu');
    },
  ],
  ['rejects', () => Promise.reject(new Error('no menu'))],
])('a factory that %s fails the call, with the cause kept', async (_how, factory) => {
  await expect(buildAgent(config(factory), call)).rejects.toMatchObject({
    code: 'SESSION_AGENT_FAILED',
    message: expect.stringContaining('no menu'),
    cause: expect.objectContaining({ message: 'no menu' }),
  });
});

test.each([undefined, null, {}, 'sales', Sales])(
  'a factory that returns %s fails the call',
  async (nothing) => {
    await expect(
      buildAgent(
        config(() => nothing),
        call,
      ),
    ).rejects.toMatchObject({
      code: 'SESSION_AGENT_FAILED',
      message: expect.stringContaining('did not return a voice.Agent'),
    });
  },
);

test('an agent of another copy of the SDK is named as such', async () => {
  const foreign = createRequire(import.meta.url)('@livekit/agents') as { voice: typeof voice };
  await expect(
    buildAgent(
      config(() => foreign.voice.Agent.create({ instructions: '' })),
      call,
    ),
  ).rejects.toMatchObject({
    code: 'CONFIG_FOREIGN_SDK',
  });
});

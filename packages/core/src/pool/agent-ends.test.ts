import { llm, voice } from '@livekit/agents';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';

import type { SessionSetup } from '../agents/agent-options.js';
import { NOW, ToolCallingLLM } from '../session/contained-failures.fixture.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { PoolHarness } from './pool-harness.js';

// An agent that ends its call, wherever it does so: the call ends, and never goes on without a session that answers.
let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

const WORDS = 'We are closed today.';

/** Ends its call as soon as it has it. */
class Closed extends voice.Agent {
  constructor(readonly endCall: (agent: voice.Agent) => unknown) {
    super({ instructions: '', llm: new EchoLLM() });
  }

  override async onEnter(): Promise<void> {
    this.session.say(WORDS);
    await this.endCall(this);
  }
}

const after =
  (wait: () => Promise<unknown>, endCall: (agent: voice.Agent) => unknown) =>
  async (agent: voice.Agent): Promise<void> => {
    await wait();
    await endCall(agent);
  };
const tick = async (): Promise<null> => null;
const turnOfLoop = () => new Promise((resolve) => setImmediate(resolve));

const ways: readonly (readonly [string, (agent: voice.Agent) => unknown, heard: boolean])[] = [
  ['shutdown()', ({ session }) => session.shutdown(), true],
  ['shutdown({ drain: true })', ({ session }) => session.shutdown({ drain: true }), true],
  ['shutdown() after a tick', after(tick, ({ session }) => session.shutdown()), true],
  [
    'shutdown() after a turn of the loop',
    after(turnOfLoop, (agent) => agent.session.shutdown()),
    true,
  ],
  ['shutdown({ drain: false })', ({ session }) => session.shutdown({ drain: false }), false],
  ['close()', ({ session }) => void session.close(), false],
  ['close(), which it waits for', ({ session }) => session.close(), false],
];

describe.each([
  ['with a greeting', 'Welcome.'],
  ['without a greeting', null],
])('an agent %s that ends the call in onEnter()', (_how, greeting) => {
  test.each(ways)('by %s', async (_way, endCall, heard) => {
    const { pool } = await rig.registered();
    pool.add('closed', () => new Closed(endCall), { greeting });
    const call = await rig.livekit.call({ metadata: '{"agent":"closed"}' });
    const outcome = await rig.ends.of(call.jobId);
    expect(outcome).toMatchObject({
      status: 'success',
      reason: 'agent_shutdown',
      detail: 'user_initiated',
    });
    expect(call.transcript.some(({ text }) => text === WORDS)).toBe(heard);
    await expect.poll(() => pool.runtimeSnapshot().activeSessions).toBe(0);
  });
});

test('close() in a tool that waits for it ends the call, and the tool goes on', async () => {
  const { pool } = await rig.registered();
  let closed = false;
  const act = llm.tool({
    description: 'Ends the call.',
    parameters: z.object({}),
    execute: async (_args, { ctx }) => {
      await ctx.session.close();
      closed = true;
    },
  });
  pool.add(
    'polite',
    () => new voice.Agent({ instructions: '', llm: new ToolCallingLLM(), tools: { act } }),
  );
  const call = await rig.livekit.call({ metadata: '{"agent":"polite"}' });
  call.type(NOW).catch(() => {});
  expect(await rig.ends.of(call.jobId)).toMatchObject({
    reason: 'agent_shutdown',
    status: 'success',
  });
  expect(closed).toBe(true);
});

describe('a listener of the session that throws while it starts', () => {
  const boom = (): never => {
    throw new Error('a listener is broken');
  };
  const rows: readonly (readonly [string, SessionSetup])[] = [
    [
      'agent_state_changed',
      (_ctx, session) => void session.on(voice.AgentSessionEventTypes.AgentStateChanged, boom),
    ],
    [
      'agent_state_changed, for the last state',
      (_ctx, session) =>
        void session.on(voice.AgentSessionEventTypes.AgentStateChanged, ({ newState }) => {
          if (newState === 'listening') boom();
        }),
    ],
  ];

  test.each(rows)('%s: the call fails, with that error', async (_event, setup) => {
    const { pool } = await rig.registered({ setup });
    const jobId = rig.livekit.dispatch({ room: 'lobby' });
    const outcome = await rig.ends.of(jobId);
    expect(outcome).toMatchObject({
      status: 'failed',
      error: {
        code: 'SESSION_START_FAILED',
        message: expect.stringContaining('a listener is broken'),
      },
    });
    expect(pool.runtimeSnapshot().totalSessionFailures).toBe(1);
  });
});

import { voice } from '@livekit/agents';
import { describe, expect, test, vi } from 'vitest';

import type { SessionSetup } from '../agents/agent-options.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import type { EmbeddedCall } from '../testing/embedded/embedded-call.js';
import {
  NOW,
  Talker,
  boom,
  handingOver,
  hostile,
  ways,
  withAccident,
  withTool,
} from './contained-failures.fixture.js';
import { reach, rig, start, stillThere } from './contained-rig.fixture.js';

/** Makes time limits elapse at once, until the returned function is called. */
function hurry(): () => void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
  const hurrying = setInterval(() => void vi.advanceTimersByTimeAsync(5_000), 50);
  return () => {
    clearInterval(hurrying);
    vi.useRealTimers();
  };
}

// Failures around an agent: before it talks, in listeners of its call, and at the end of the call.

const hang = () => new Promise<never>(() => {});
const talker = () => new Talker();

const unborn: [
  what: string,
  code: string,
  agent: () => voice.Agent | Promise<voice.Agent>,
  pool: AgentPoolOptions,
][] = [
  ['the factory or constructor throws', 'SESSION_AGENT_FAILED', boom, {}],
  ['it throws undefined', 'SESSION_AGENT_FAILED', () => Promise.reject(undefined), {}],
  ['it throws what cannot be read', 'SESSION_AGENT_FAILED', () => Promise.reject(hostile), {}],
  ['the factory hangs', 'SESSION_AGENT_FAILED', hang, { joinTimeoutMs: 1_000 }],
  ['setup() throws', 'SESSION_SETUP_FAILED', talker, { setup: faultyOnly(boom) }],
  [
    'setup() hangs',
    'SESSION_SETUP_FAILED',
    talker,
    { setup: faultyOnly(() => (rig().log.info({}, 'setting up'), hang())) },
  ],
  [
    'start() fails',
    'SESSION_START_FAILED',
    talker,
    { setup: faultyOnly((session) => void (session.start = boom)) },
  ],
  [
    'start() hangs',
    'SESSION_START_FAILED',
    talker,
    { setup: faultyOnly((session) => void (session.start = hang)), joinTimeoutMs: 1_000 },
  ],
  ['process.exit() in the factory', 'SESSION_EXIT', () => process.exit(7), {}],
];

function listenBadly(session: voice.AgentSession): void {
  session.on(voice.AgentSessionEventTypes.ConversationItemAdded, ({ item }) => {
    if (item.type === 'message' && item.textContent === NOW) boom();
  });
}

/** Uses `setup` for the faulty agent only; the second call is set up normally. */
function faultyOnly(setup: (session: voice.AgentSession) => unknown): SessionSetup {
  return (_ctx, session, { agent }) => (agent === 'faulty' ? setup(session) : undefined);
}

test.each(unborn)('%s: %s', async (what, code, agent, pool) => {
  const { calm } = await start(agent, pool);
  if (what === 'setup() hangs')
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
  const jobId = rig().livekit.dispatch({ room: 'lobby', metadata: { agent: 'faulty' } });
  if (what === 'setup() hangs') {
    await rig().log.until('setting up');
    await vi.advanceTimersByTimeAsync(10_000);
    vi.useRealTimers();
  }
  expect(await rig().ends.of(jobId)).toMatchObject({ status: 'failed', error: { code } });
  expect(await calm.say('and you?')).toBe('You said: and you?');
});

const exits: [where: string, agent: () => voice.Agent][] = [
  ['a timer', () => withAccident(() => void setTimeout(() => process.exit(7), 0))],
  ['a tool', () => withTool(() => process.exit(7))],
];

/** The caller says {@link NOW} to the faulty agent, and the call fails. */
async function failsNow(calm: EmbeddedCall, byHandOff: boolean, code: string) {
  const { call, greeting } = await reach(byHandOff);
  expect(await greeting).toBe('Here.');
  const reply = call.say(NOW).catch((error: unknown) => error);
  expect(await rig().ends.of(call.jobId)).toMatchObject({ status: 'failed', error: { code } });
  expect(await calm.say('and you?')).toBe('You said: and you?');
  await reply;
}

test('a listener of the session throws: SESSION_UNCAUGHT', async () => {
  const { calm } = await start(talker, { setup: faultyOnly(listenBadly) });
  await failsNow(calm, false, 'SESSION_UNCAUGHT');
});

test('the constructor of the next agent throws: the tool fails, and the model gets the error', async () => {
  const { pool, calm } = await start(() => handingOver(boom));
  const { call, greeting } = await reach(true);
  expect(await greeting).toMatch(/error/);
  await stillThere(call);
  expect(await calm.say('and you?')).toBe('You said: and you?');
  expect(pool.runtimeSnapshot()).toMatchObject({ totalHookErrors: 0, totalToolErrors: 1 });
});

test('a listener of the room throws: SESSION_UNCAUGHT', async () => {
  const { calm } = await start(talker, {
    setup: (ctx, _session, { agent }) => {
      if (agent === 'faulty') ctx.room.on('participantDisconnected', boom);
    },
    emptyRoomGraceMs: 5_000,
  });
  const { call, greeting } = await reach();
  await greeting;
  call.dropOut();
  expect(await rig().ends.of(call.jobId)).toMatchObject({ error: { code: 'SESSION_UNCAUGHT' } });
  expect(await calm.say('and you?')).toBe('You said: and you?');
});

class Having extends Talker {
  constructor(hook: 'onEnter' | 'onExit' | 'llmNode', value: () => unknown) {
    super();
    Object.defineProperty(this, hook, { value, configurable: true });
  }
}

const surviving: [
  what: string,
  agent: () => voice.Agent,
  play: (call: EmbeddedCall, greeting: Promise<string>) => Promise<unknown>,
][] = [
  ['onEnter hangs', () => new Having('onEnter', enterAndHang), onceEntered],
  ['a tool hangs', () => withTool(hang), thenUnanswered],
  ['llmNode hangs', () => new Having('llmNode', hang), thenUnanswered],
  ['onExit hangs', () => new Having('onExit', hang), (_call, greeting) => greeting],
  ['onExit throws', () => new Having('onExit', boom), (_call, greeting) => greeting],
];

const enterAndHang = () => (rig().log.info({}, 'entering'), hang());

async function onceEntered(call: EmbeddedCall, greeting: Promise<string>): Promise<void> {
  await rig().log.until('entering');
  await stillThere(call, greeting);
}

async function thenUnanswered(call: EmbeddedCall, greeting: Promise<string>): Promise<void> {
  await greeting;
  call.say(NOW).catch(() => {});
}

describe.each(ways)('%s', (_where, from, byHandOff) => {
  test.each(exits)('process.exit() in %s: SESSION_EXIT', async (_what, agent) => {
    const { calm } = await start(from(agent));
    await failsNow(calm, byHandOff, 'SESSION_EXIT');
  });

  test.each(surviving)('%s: the call ends normally and in time', async (what, agent, play) => {
    const { pool, calm } = await start(from(agent));
    const { call, greeting } = await reach(byHandOff);
    await play(call, greeting);
    expect(await calm.say('and you?')).toBe('You said: and you?');
    const normal = hurry();
    call.hangUp();
    expect(await rig().ends.of(call.jobId)).toMatchObject({ status: 'success' });
    normal();
    expect(pool.runtimeSnapshot()).toMatchObject({
      activeSessions: 1,
      totalHookErrors: what === 'onExit throws' ? 1 : 0,
    });
  });
});

test('shutdown callbacks throw and hang: the call ends normally, and all of them run', async () => {
  const ran: string[] = [];
  const { pool } = await start(talker, {
    setup: (ctx, _session, { agent }) => {
      if (agent !== 'faulty') return;
      ctx.addShutdownCallback(async () => boom());
      ctx.addShutdownCallback(hang);
      ctx.addShutdownCallback(async () => void ran.push('third'));
    },
  });
  const { call, greeting } = await reach();
  await greeting;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
  call.hangUp();
  await rig().log.until('a shutdown callback failed');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await rig().ends.of(call.jobId)).toMatchObject({ reason: 'caller_left' });
  vi.useRealTimers();
  expect(ran).toEqual(['third']);
  expect(pool.runtimeSnapshot().activeSessions).toBe(1);
});

test('process.exit() outside of calls exits, and is restored after the run', async () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => {}) as never);
  const current = (): unknown => Reflect.get(process, 'exit');
  const before = current();
  const { pool, running } = await start(talker);
  expect(current()).not.toBe(before);
  process.exit(3);
  expect(exit).toHaveBeenCalledExactlyOnceWith(3);
  await pool.close();
  await running;
  expect(current()).toBe(before);
  exit.mockRestore();
});

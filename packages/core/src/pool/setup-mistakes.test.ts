import { type JobContext, getJobContext, voice } from '@livekit/agents';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { outcomeOf } from '../call/session-outcome.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { EchoAgent, PoolHarness } from './pool-harness.js';

let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

type Setup = (ctx: JobContext, session: voice.AgentSession) => unknown;

const other = () => new EchoAgent('The other');
const secondSession = () => new voice.AgentSession({ llm: new EchoLLM() });
const start = (ctx: JobContext, session: voice.AgentSession) =>
  session.start({ agent: other(), room: ctx.room });

const starts = 'setup() must not start the session: OpenRTC starts it';
const second = 'A second session was started in the room';
const chooses = 'setup() must not choose the agent';

// Lines of a LiveKit entry that would run beside OpenRTC's own, or would silently have no effect.
const mistakes: [what: string, setup: Setup, message: string][] = [
  ['starts the session', start, starts],
  ['starts the session without waiting', (...all) => void start(...all), starts],
  ['catches what the start throws', (...all) => start(...all).catch(() => {}), starts],
  ['starts a second session', (ctx) => start(ctx, secondSession()), second],
  ['starts a second one without waiting', (ctx) => void start(ctx, secondSession()), second],
  ['chooses another agent', (_ctx, session) => session.updateAgent(other()), chooses],
];

test.each(mistakes)('a setup() that %s fails the call', async (_what, setup, message) => {
  await rig.registered({ setup: async (ctx, session) => void (await setup(ctx, session)) });
  const jobId = rig.livekit.dispatch({ room: 'lobby' });
  expect(await rig.ends.of(jobId)).toMatchObject({
    status: 'failed',
    causedBy: 'agent',
    error: { code: 'SESSION_SETUP_FAILED', message: expect.stringContaining(message) },
  });
  await rig.livekit.until(({ jobs }) => jobs[0]?.status === 'failed');
  expect(rig.livekit.jobs[0]?.error).toContain(message);
  await rig.livekit.until(({ rooms }) => rooms.every(({ identities }) => identities.length === 0));
});

test.each<[what: string, setup: Setup, detail: string]>([
  ['session.close()', (_ctx, session) => session.close(), 'user_initiated'],
  ['session.shutdown()', (_ctx, session) => session.shutdown(), 'user_initiated'],
  ['ctx.shutdown()', (ctx) => ctx.shutdown('closed today'), 'closed today'],
])('a setup() that calls %s ends the call', async (_what, setup, detail) => {
  await rig.registered({ setup: async (ctx, session) => void (await setup(ctx, session)) });
  const call = await rig.livekit.call();
  expect(await rig.ends.of(call.jobId)).toMatchObject(outcomeOf('agent_shutdown', detail));
  expect(await call.ended).toEqual({ status: 'success', error: '' });
});

// What a setup() may do, and entries do.
test.each<[what: string, setup: Setup]>([
  ['calls ctx.connect()', (ctx) => ctx.connect()],
  [
    'listens to the session',
    (_ctx, session) => void session.on(voice.AgentSessionEventTypes.Close, () => {}),
  ],
  [
    'wraps session.start()',
    (_ctx, session) => {
      const inner = session.start.bind(session);
      session.start = (options) => inner(options);
    },
  ],
  ['starts a session without a room', () => secondSession().start({ agent: other() })],
])('a setup() that %s does no harm', async (_what, setup) => {
  await rig.registered({ setup: async (ctx, session) => void (await setup(ctx, session)) });
  const call = await rig.livekit.call();
  expect(await call.say('hello')).toBe('You said: hello');
  call.hangUp();
  expect(await rig.ends.of(call.jobId)).toMatchObject(outcomeOf('caller_left'));
});

test('a factory that starts a session of its own fails the call', async () => {
  await rig.registered({
    agents: {
      eager: async () => {
        await start(getJobContext(), secondSession());
        return other();
      },
    },
  });
  const jobId = rig.livekit.dispatch({ room: 'lobby' });
  expect(await rig.ends.of(jobId)).toMatchObject({
    status: 'failed',
    error: { code: 'SESSION_SETUP_FAILED', message: expect.stringContaining(second) },
  });
});

class Restarting extends EchoAgent {
  override async onEnter() {
    await this.session.start({ agent: other() });
  }
}

test.each<[where: string, agent: () => voice.Agent, setup: Setup]>([
  ['onEnter', () => new Restarting(), () => {}],
  [
    'code that setup() does not wait for',
    () => new EchoAgent(),
    (...all) => process.nextTick(() => void start(...all)),
  ],
])('a later start in %s has no effect, and that is said', async (_where, agent, setup) => {
  await rig.registered({ agents: { agent }, setup: (ctx, session) => void setup(ctx, session) });
  const call = await rig.livekit.call();
  expect(await call.say('hello')).toBe('You said: hello');
  expect(rig.log.matching('warn', /session\.start\(\) has no effect/)).toHaveLength(1);
});

test('another agent may take over a session that runs, and close it', async () => {
  class Last extends voice.Agent {
    override async onEnter() {
      setTimeout(() => void this.session.close(), 0);
    }
  }
  class First extends voice.Agent {
    constructor() {
      const reply = () => {
        this.session.updateAgent(new Last({ instructions: '' }));
        return 'One moment.';
      };
      super({ instructions: '', llm: new EchoLLM({ reply }) });
    }
  }
  await rig.registered({ agents: { first: () => new First() } });
  const call = await rig.livekit.call();
  const asked = call.say('the other one, please').catch((error: unknown) => error);
  expect(await rig.ends.of(call.jobId)).toMatchObject(
    outcomeOf('agent_shutdown', 'user_initiated'),
  );
  await asked;
});

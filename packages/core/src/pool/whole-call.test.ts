import { type JobContext, getJobContext, voice } from '@livekit/agents';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { cloning } from '../testing/cloning-isolation.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { EchoAgent, PoolHarness, inProcess } from './pool-harness.js';

let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

/** Dials, and returns the call with the outcome of its job. */
async function dial(options: Parameters<PoolHarness['livekit']['call']>[0] = {}) {
  const call = await rig.livekit.call(options);
  return { call, outcome: rig.ends.of(call.jobId) };
}

// The same results on both sides of the seam: in the worker's own process, and through a channel that
// shares no object with it.
describe.each([
  ['in the process', inProcess],
  ['through a channel', cloning],
])('%s', (_where, isolation) => {
  test('a caller is greeted, answered, and hangs up', async () => {
    const { pool } = await rig.registered({
      isolation: isolation(),
      defaults: { greeting: 'Welcome.' },
    });
    const { call, outcome } = await dial({ metadata: { tenant: 'acme' } });
    expect(await call.nextReply()).toBe('Welcome.');
    expect(await call.say('hello')).toBe('You said: hello');
    expect(pool.runtimeSnapshot()).toMatchObject({
      state: 'running',
      activeSessions: 1,
      totalSessionsStarted: 1,
      sessionsByAgent: { echo: 1 },
      sessionsByTenant: { acme: 1 },
      sessions: [{ jobId: call.jobId, joined: true }],
    });
    call.hangUp();
    expect(await call.ended).toEqual({ status: 'success', error: '' });
    expect(await outcome).toMatchObject({ status: 'success', reason: 'caller_left' });
    expect(rig.ends.started).toMatchObject([
      { jobId: call.jobId, agent: 'echo', tenant: 'acme', room: call.room },
    ]);
    expect(pool.runtimeSnapshot()).toMatchObject({
      activeSessions: 0,
      reservedSessions: 0,
      totalSessionsStarted: 1,
      totalSessionFailures: 0,
      sessions: [],
      lastRoutedAgent: 'echo',
      lastError: null,
    });
  });

  test('a call whose agent cannot be built fails, and the agent never appears in the room', async () => {
    class Broken extends voice.Agent {
      constructor() {
        super({ instructions: '' });
        throw new Error('no menu today');
      }
    }
    const { pool } = await rig.registered({ isolation: isolation(), agents: { broken: Broken } });
    const jobId = rig.livekit.dispatch({ room: 'lobby' });
    expect(await rig.ends.of(jobId)).toMatchObject({
      status: 'failed',
      error: { code: 'SESSION_AGENT_FAILED', message: expect.stringContaining('no menu today') },
    });
    await rig.livekit.until(({ jobs }) => jobs[0]?.status === 'failed');
    expect(rig.livekit.jobs[0]?.error).toMatch(/^SESSION_AGENT_FAILED: .*no menu today/);
    expect(rig.ends.started).toEqual([]);
    expect(pool.runtimeSnapshot()).toMatchObject({
      totalSessionFailures: 1,
      // The agent's own doing: another worker would not do better.
      consecutiveFailures: 0,
      activeSessions: 0,
      lastError: expect.stringContaining('SESSION_AGENT_FAILED'),
    });
  });

  test('a call that the pool ends is recorded as cancelled', async () => {
    const { pool, running } = await rig.registered({ isolation: isolation() });
    const { call, outcome } = await dial();
    await call.say('hello');
    await pool.close();
    expect(await outcome).toMatchObject({ status: 'cancelled', reason: 'pool_closed' });
    expect(await call.ended).toEqual({ status: 'success', error: '' });
    await running;
  });

  test('a call that LiveKit ends is over at once, and a success', async () => {
    await rig.registered({ isolation: isolation() });
    const { call, outcome } = await dial();
    await call.say('hello');
    rig.livekit.terminate(call.jobId);
    expect(await outcome).toMatchObject({ status: 'success', reason: 'terminated' });
  });
});

describe('two calls at a time', () => {
  test('each have their own agent, and get only their own words', async () => {
    await rig.registered({
      agents: { ada: () => new EchoAgent('Ada'), bob: () => new EchoAgent('Bob') },
      defaults: { greeting: 'Hi.' },
    });
    const [first, second] = await Promise.all([
      rig.livekit.call({ metadata: { agent: 'ada' } }),
      rig.livekit.call({ metadata: { agent: 'bob' } }),
    ]);
    for (const turn of ['one', 'two', 'three']) {
      expect(await Promise.all([first.say(`${turn} a`), second.say(`${turn} b`)])).toEqual([
        `Ada said: ${turn} a`,
        `Bob said: ${turn} b`,
      ]);
    }
    const words = (call: typeof first) => call.transcript.map(({ text }) => text).join(' ');
    expect(words(first)).not.toMatch(/ b\b|Bob/);
    expect(words(second)).not.toMatch(/ a\b|Ada/);
  });

  test('each find their own job context: in the agent, in setup, in room listeners, and in what these start', async () => {
    const seen: [where: string, expected: string, actual: string | undefined][] = [];
    const note = (where: string, ctx: JobContext) => {
      seen.push([where, ctx.job.id, getJobContext(false)?.job.id]);
    };
    await rig.registered({
      setup: (ctx) => {
        note('setup', ctx);
        ctx.room.on('participantAttributesChanged', () => {
          note('listener', ctx);
          setTimeout(() => note('timer of a listener', ctx), 0);
        });
        ctx.room.on('participantDisconnected', () => note('leaving', ctx));
        ctx.addShutdownCallback(async () => note('shutdown', ctx));
      },
    });
    const calls = await Promise.all([dial(), dial(), dial()]);
    await Promise.all(calls.map(({ call }) => call.say('hello')));
    for (const { call } of calls) call.hangUp();
    await Promise.all(calls.map(({ outcome }) => outcome));
    const places = new Set(seen.map(([where]) => where));
    expect([...places].toSorted()).toEqual([
      'leaving',
      'listener',
      'setup',
      'shutdown',
      'timer of a listener',
    ]);
    expect(seen.filter(([, expected, actual]) => expected !== actual)).toEqual([]);
    expect(getJobContext(false)).toBeUndefined();
  });

  test('observers run outside of any call', async () => {
    const contexts: unknown[] = [];
    await rig.registered({
      observers: [
        {
          onSessionStart: () => void contexts.push(getJobContext(false)),
          onSessionEnd: () => void contexts.push(getJobContext(false)),
        },
        rig.ends,
      ],
    });
    const { call, outcome } = await dial();
    await call.say('hello');
    call.hangUp();
    await outcome;
    expect(contexts).toEqual([undefined, undefined]);
  });
});

test('what setup() returns becomes the user data of its session', async () => {
  class Greeter extends voice.Agent<{ name: string }> {
    constructor() {
      super({ instructions: '', llm: new EchoLLM() });
    }

    override async onEnter(): Promise<void> {
      this.session.say(`Hello ${this.session.userData.name}`);
    }
  }
  await rig.registered({
    agents: { greeter: () => new Greeter() },
    setup: (_ctx, _session, call) => ({ name: call.metadata['name'] }),
  });
  const [ada, bob] = await Promise.all([
    rig.livekit.call({ jobMetadata: { name: 'Ada' } }),
    rig.livekit.call({ jobMetadata: { name: 'Bob' } }),
  ]);
  expect(await Promise.all([ada.nextReply(), bob.nextReply()])).toEqual(['Hello Ada', 'Hello Bob']);
});

test('an agent can opt out of the greeting of the pool, or have its own', async () => {
  const { pool } = await rig.registered({
    agents: { plain: () => new EchoAgent() },
    defaults: { greeting: 'Welcome.' },
  });
  pool.add('own', () => new EchoAgent(), { greeting: 'Ahoy.' });
  pool.add('quiet', () => new EchoAgent(), { greeting: null });
  pool.add('phrased', () => new EchoAgent(), { greeting: { instructions: 'Say hello in Dutch.' } });
  const first = async (agent: string) =>
    (await rig.livekit.call({ metadata: { agent } })).nextReply();
  expect(await Promise.all([first('plain'), first('own'), first('phrased')])).toEqual([
    'Welcome.',
    'Ahoy.',
    'Say hello in Dutch.',
  ]);
  const { call } = await dial({ metadata: { agent: 'quiet' } });
  expect(await call.say('hello')).toBe('You said: hello');
  expect(call.transcript).toHaveLength(2);
});

import { type JobContext, getJobContext, llm, voice } from '@livekit/agents';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';

import { cloning } from '../testing/cloning-isolation.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { EchoAgent, PoolHarness, inProcess } from './pool-harness.js';

let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

const plainAgent = () => new voice.Agent({ instructions: '' });

/** Dials, and gives the call its job's end in the pool. */
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
      consecutiveFailures: 1,
      activeSessions: 0,
      lastError: expect.stringContaining('SESSION_AGENT_FAILED'),
    });
  });

  test('a call that is cut by its pool says so', async () => {
    const { pool, running } = await rig.registered({ isolation: isolation() });
    const { call, outcome } = await dial();
    await call.say('hello');
    await pool.close();
    expect(await outcome).toMatchObject({ status: 'cancelled', reason: 'pool_closed' });
    expect(await call.ended).toEqual({ status: 'success', error: '' });
    await running;
  });

  test('a call LiveKit ends is over at once, and well', async () => {
    await rig.registered({ isolation: isolation() });
    const { call, outcome } = await dial();
    await call.say('hello');
    rig.livekit.terminate(call.jobId);
    expect(await outcome).toMatchObject({ status: 'success', reason: 'terminated' });
  });
});

describe('what ends a call', () => {
  test('ctx.shutdown() in the agent', async () => {
    const reply = () => {
      getJobContext().shutdown('done');
      return 'Bye.';
    };
    await rig.registered({
      defaults: { llm: () => new EchoLLM({ reply }) },
      agents: { brief: plainAgent },
    });
    const { call, outcome } = await dial();
    const last = call.say('that is all').catch((error: unknown) => error);
    expect(await outcome).toEqual({ status: 'success', reason: 'agent_shutdown', detail: 'done' });
    await last;
    expect(await call.ended).toEqual({ status: 'success', error: '' });
  });

  test('a room that is deleted', async () => {
    await rig.registered();
    const { call, outcome } = await dial({ room: 'short' });
    await call.say('hello');
    rig.livekit.deleteRoom('short');
    expect(await outcome).toMatchObject({ status: 'success', reason: 'room_closed' });
  });

  test('a room nobody is in for the grace period', async () => {
    await rig.registered({ emptyRoomGraceMs: 20 });
    const { call, outcome } = await dial();
    await call.say('hello');
    // The line breaks, which the session itself survives.
    call.dropOut();
    expect(await outcome).toMatchObject({ status: 'success', reason: 'empty_room' });
  });

  test('a room nobody ever came to', async () => {
    await rig.registered({ emptyRoomGraceMs: 20 });
    const jobId = rig.livekit.dispatch({ room: 'nobody' });
    expect(await rig.ends.of(jobId)).toMatchObject({ status: 'success', reason: 'empty_room' });
  });

  test('the longest duration a call may have', async () => {
    await rig.registered({ maxSessionDurationMs: 50 });
    const { outcome } = await dial();
    expect(await outcome).toMatchObject({ status: 'success', reason: 'max_duration' });
  });

  test('a setup() that throws', async () => {
    await rig.registered({
      setup: () => {
        throw new Error('no database');
      },
    });
    const jobId = rig.livekit.dispatch({ room: 'lobby' });
    expect(await rig.ends.of(jobId)).toMatchObject({
      status: 'failed',
      error: { code: 'SESSION_SETUP_FAILED' },
    });
    await rig.livekit.until(({ jobs }) => jobs[0]?.status === 'failed');
    expect(rig.livekit.jobs[0]?.error).toContain('no database');
    await rig.livekit.until(({ rooms }) =>
      rooms.every(({ identities }) => identities.length === 0),
    );
  });

  test('a provider factory that throws', async () => {
    await rig.registered({
      defaults: {
        llm: () => {
          throw new Error('no key');
        },
      },
    });
    const jobId = rig.livekit.dispatch({ room: 'lobby' });
    expect(await rig.ends.of(jobId)).toMatchObject({
      status: 'failed',
      error: { code: 'SESSION_PROVIDER_FAILED', message: expect.stringContaining('no key') },
    });
    expect(rig.ends.started).toEqual([]);
  });

  test('an agent that is not built before the join deadline', async () => {
    await rig.registered({
      joinTimeoutMs: 20,
      agents: { slow: () => new Promise<voice.Agent>(() => {}) },
    });
    const jobId = rig.livekit.dispatch({ room: 'lobby' });
    expect(await rig.ends.of(jobId)).toMatchObject({
      status: 'failed',
      error: { code: 'SESSION_JOIN_TIMEOUT' },
    });
  });

  test('a room that was deleted before the agent joined: the new one of that name is not its room', async () => {
    let built!: () => void;
    const building = new Promise<void>((resolve) => {
      built = resolve;
    });
    let asked!: () => void;
    const askedFor = new Promise<void>((resolve) => {
      asked = resolve;
    });
    await rig.registered({
      agents: {
        slow: async () => {
          asked();
          await building;
          return new EchoAgent();
        },
      },
    });
    const jobId = rig.livekit.dispatch({ room: 'lobby' });
    await askedFor;
    rig.livekit.deleteRoom('lobby');
    built();
    expect(await rig.ends.of(jobId)).toMatchObject({
      status: 'failed',
      error: { code: 'SESSION_WRONG_ROOM' },
    });
    // Joining makes a room, and a room gets an agent of its own; the first one is in neither.
    expect(rig.ends.started.map((info) => info.jobId)).not.toContain(jobId);
    await rig.livekit.until(
      ({ rooms }) => !rooms.some(({ identities }) => identities.includes(`agent-${jobId}`)),
    );
  });
});

describe('what a call survives', () => {
  test('a tool that throws', async () => {
    // Asks for the tool in each turn, and says what came of it.
    class Caller extends EchoLLM {
      override chat(options: Parameters<EchoLLM['chat']>[0]): llm.LLMStream {
        const last = options.chatCtx.items.at(-1);
        return last?.type === 'message' && last.role === 'user'
          ? new ToolCall(this, options)
          : super.chat(options);
      }
    }
    class ToolCall extends llm.LLMStream {
      constructor(
        model: llm.LLM,
        { chatCtx, toolCtx, connOptions }: Parameters<EchoLLM['chat']>[0],
      ) {
        super(model, {
          chatCtx,
          ...(toolCtx === undefined ? {} : { toolCtx }),
          connOptions: connOptions ?? { maxRetry: 0, retryIntervalMs: 0, timeoutMs: 1_000 },
        });
      }

      protected override async run(): Promise<void> {
        const toolCalls = [
          llm.FunctionCall.create({ callId: 'call_1', name: 'lookup', args: '{}' }),
        ];
        this.queue.put({ id: 'tool', delta: { role: 'assistant', toolCalls } });
      }
    }
    class Clumsy extends voice.Agent {
      constructor() {
        super({
          instructions: '',
          llm: new Caller(),
          tools: {
            lookup: llm.tool({
              description: 'Looks something up.',
              parameters: z.object({}),
              execute: async () => {
                throw new Error('the tool broke');
              },
            }),
          },
        });
      }
    }
    await rig.registered({ agents: { clumsy: Clumsy } });
    const { call, outcome } = await dial();
    expect(await call.say('look it up')).toMatch(/internal error|error/i);
    expect(await call.say('again')).toMatch(/error/i);
    call.hangUp();
    expect(await outcome).toMatchObject({ status: 'success', reason: 'caller_left' });
  });

  test('LiveKit going away and coming back', async () => {
    await rig.registered();
    const { call, outcome } = await dial();
    await call.say('hello');
    rig.livekit.dropWorkers();
    await rig.livekit.until(({ workers }) => workers.length === 0);
    expect(await call.say('still there?')).toBe('You said: still there?');
    await rig.livekit.until(({ workers }) => workers.length === 1);
    call.hangUp();
    expect(await outcome).toMatchObject({ status: 'success' });
    expect(await call.ended).toEqual({ status: 'success', error: '' });
  });
});

describe('two calls at a time', () => {
  test('each have their own agent and do not mix words', async () => {
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

  test('each find their own job context, in the agent, in setup, in room listeners, and in what they set off', async () => {
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

test('what setup() returns is the user data of that one session', async () => {
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

import { getJobContext, llm, voice } from '@livekit/agents';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';

import type { EmbeddedCall } from '../testing/embedded/embedded-call.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { EchoAgent, PoolHarness } from './pool-harness.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import { outcomeOf } from '../call/session-outcome.js';

let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

const plainAgent = () => new voice.Agent({ instructions: '' });

/** Dials, and returns the call with the outcome of its job. */
async function dial(options: Parameters<PoolHarness['livekit']['call']>[0] = {}) {
  const call = await rig.livekit.call(options);
  return { call, outcome: rig.ends.of(call.jobId) };
}

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
    expect(await outcome).toMatchObject(outcomeOf('agent_shutdown', 'done'));
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

  /*
   * In the tick in which the agent joins: the call is not watched yet, and its session has not started. Each call ends
   * long before the grace of a minute.
   */
  test.each([
    ['the caller hangs up', 'caller_left', (call: EmbeddedCall) => call.hangUp()],
    [
      'the room is deleted',
      'room_closed',
      (call: EmbeddedCall) => rig.livekit.deleteRoom(call.room),
    ],
  ])('%s while the agent joins', async (_what, reason, act) => {
    await rig.registered();
    const { call, outcome } = await dial();
    let acted = false;
    await rig.livekit.until(({ rooms }) => {
      if (acted || rooms[0]?.identities.includes(call.agentIdentity) !== true) return acted;
      acted = true;
      act(call);
      return true;
    });
    expect(await outcome).toMatchObject({ status: 'success', reason });
  });

  test('a room nobody is in for the grace period', async () => {
    await rig.registered({ emptyRoomGraceMs: 20 });
    const { call, outcome } = await dial();
    await call.say('hello');
    // The connection is lost, which does not end the session itself.
    call.dropOut();
    expect(await outcome).toMatchObject({ status: 'success', reason: 'empty_room' });
  });

  test('a room that nobody joins', async () => {
    await rig.registered({ emptyRoomGraceMs: 20 });
    const jobId = rig.livekit.dispatch({ room: 'nobody' });
    expect(await rig.ends.of(jobId)).toMatchObject({ status: 'success', reason: 'empty_room' });
  });

  test('the maximum duration of a call', async () => {
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

  test.each<[string, AgentPoolOptions, object]>([
    [
      'an agent',
      { agents: { slow: () => new Promise<voice.Agent>(() => {}) } },
      { causedBy: 'agent', error: { code: 'SESSION_AGENT_FAILED' } },
    ],
    [
      'a provider',
      { defaults: { llm: () => new Promise<llm.LLM>(() => {}) } },
      { causedBy: 'provider', error: { code: 'SESSION_PROVIDER_FAILED' } },
    ],
  ])('%s that is not built before the join deadline', async (_what, options, outcome) => {
    await rig.registered({ joinTimeoutMs: 20, ...options });
    const jobId = rig.livekit.dispatch({ room: 'lobby' });
    expect(await rig.ends.of(jobId)).toMatchObject({ status: 'failed', ...outcome });
  });

  test('a room that was deleted before the agent joined, although there is a new one of that name', async () => {
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
    // Joining creates a room, which gets an agent of its own; the first agent is in neither room.
    expect(rig.ends.started.map((info) => info.jobId)).not.toContain(jobId);
    await rig.livekit.until(
      ({ rooms }) => !rooms.some(({ identities }) => identities.includes(`agent-${jobId}`)),
    );
    // Nobody wants that room: it is deleted, and no agent stays in it.
    await rig.livekit.until(({ rooms }) => rooms.length === 0);
    await rig.livekit.until(({ jobs }) => jobs.every(({ status }) => status !== 'running'));
  });
});

describe('what a call survives', () => {
  test('a tool that throws', async () => {
    // Calls the tool in each turn, and says its result.
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

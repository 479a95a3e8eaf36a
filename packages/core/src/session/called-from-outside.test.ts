import { getJobContext, llm, voice } from '@livekit/agents';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { EmbeddedCall } from '../testing/embedded/embedded-call.js';
import { NOW, boom } from './contained-failures.fixture.js';
import { EchoRealtime, streamOf } from './echo-realtime.fixture.js';
import { rig, start } from './contained-rig.fixture.js';
import {
  type Client,
  type Held,
  Next,
  Watched,
  Witness,
  clients,
} from './called-from-outside.fixture.js';

/*
 * What is asked of the session of a call runs in that call, whatever code asks: a client that an earlier call has made,
 * in that call's async context; one whose call has ended; one that the module has made, outside of all calls.
 */

let witness: Witness;
let client: Client | undefined;
let held: Map<string, Held>;
// Constructed in the call: one that other code constructs is set up outside of calls.
const toolsets = new WeakMap<object, llm.Toolset>();

beforeEach(() => {
  witness = new Witness();
  client = undefined;
  held = new Map();
});

afterEach(() => client?.close());

type Makes = (make: () => Client) => Promise<{ earlier: EmbeddedCall | undefined }>;

let actions: (() => unknown)[];

async function serve(make?: () => Client, model?: () => llm.RealtimeModel): Promise<void> {
  actions = [];
  await start(
    () =>
      new Watched(
        witness,
        (entered) => {
          const room = entered.ctx.room.name ?? '';
          held.set(room, entered);
          toolsets.set(entered.session, toolset());
          witness.note(`entered ${room}`);
          if (make !== undefined) client ??= make();
        },
        () => actions.shift()?.() ?? 'done',
        model?.(),
      ),
  );
}

/** A call that has got as far as `onEnter` of its agent. */
async function dial(): Promise<EmbeddedCall> {
  const call = await rig().livekit.call({ metadata: { agent: 'faulty' } });
  expect(await call.nextReply()).toBe('Here.');
  return call;
}

const origins: readonly [origin: string, makes: Makes][] = [
  [
    'an earlier call has made',
    async (make) => {
      await serve(make);
      return { earlier: await dial() };
    },
  ],
  [
    'a tool of an earlier call has made',
    async (make) => {
      await serve();
      const earlier = await dial();
      actions.push(() => void (client = make()));
      await earlier.say(NOW);
      return { earlier };
    },
  ],
  [
    'a call that has ended has made',
    async (make) => {
      await serve(make);
      const earlier = await dial();
      earlier.hangUp();
      await rig().ends.of(earlier.jobId);
      return { earlier: undefined };
    },
  ],
  [
    'the module has made',
    async (make) => {
      await serve();
      client = make();
      return { earlier: undefined };
    },
  ],
];

const rows = origins.flatMap(([origin, makes]) =>
  clients.map(([what, make]) => [`${what} that ${origin}`, () => makes(make)] as const),
);

/** The call that the client acts for. */
async function called(): Promise<{ call: EmbeddedCall; held: Held }> {
  const call = await dial();
  witness.forget();
  return { call, held: heldOf(call.room) };
}

function heldOf(room: string): Held {
  const found = held.get(room);
  if (found === undefined || client === undefined) throw new Error('the call has not begun');
  return found;
}

const toolset = () =>
  llm.Toolset.create({ id: 'shared', tools: [], setup: async () => witness.note('setup') });

function toolsetOf(session: Held['session']): llm.Toolset {
  const found = toolsets.get(session);
  if (found === undefined) throw new Error('the call has no toolset');
  return found;
}

const asks: readonly [what: string, ask: (held: Held) => unknown, runs: string][] = [
  ['generateReply()', ({ session }) => session.generateReply({ userInput: NOW }), 'tool'],
  ['generateReply()', ({ session }) => session.generateReply({ userInput: 'hi' }), 'llmNode'],
  ['run()', ({ session }) => session.run({ userInput: NOW }), 'tool'],
  ['say()', ({ session }) => session.say('Good news.'), 'transcriptionNode'],
  ['updateAgent()', ({ session }) => session.updateAgent(new Next(witness)), 'onEnter'],
  ['shutdown()', ({ session }) => session.shutdown(), 'onExit'],
  ['close()', ({ session }) => void session.close(), 'onExit'],
  ['shutdown() of the job context', ({ ctx }) => ctx.shutdown('done'), 'onExit'],
  [
    'updateTools() of the agent',
    ({ session }) => void session.currentAgent.updateTools([toolsetOf(session)]),
    'setup',
  ],
  [
    'addParticipantEntrypoint()',
    ({ ctx }) => ctx.addParticipantEntrypoint(async () => witness.note('entrypoint')),
    'entrypoint',
  ],
  [
    'waitForIdleAndHold()',
    ({ session }) => void session.waitForIdleAndHold(async () => witness.note('held')),
    'held',
  ],
  [
    'the listeners of emit()',
    ({ session }) => {
      session.once(voice.AgentSessionEventTypes.DebugMessage, () => witness.note('listener'));
      session.emit(voice.AgentSessionEventTypes.DebugMessage, {} as never);
    },
    'listener',
  ],
];

test.each(rows)('%s: what it asks of a session runs in the call of that', async (_what, begin) => {
  await begin();
  const ran: Record<string, boolean> = {};
  for (const [what, ask, runs] of asks) {
    const { call, held: mine } = await called();
    client?.do(() => void ask(mine));
    ran[`${what}, ${runs}`] = (await witness.of(runs)) === call.room;
    call.hangUp();
  }
  expect(ran).toEqual(Object.fromEntries(asks.map(([what, , runs]) => [`${what}, ${runs}`, true])));
});

const intervals = origins.map(([origin, makes]) => [origin, () => makes(clients[0][1])] as const);

describe.each(intervals)('an interval that %s', (_origin, begin) => {
  test.each([
    ['a late throw', () => void setTimeout(boom, 1), 'SESSION_UNCAUGHT'],
    ['a forgotten rejection', () => void Promise.reject(new Error('boom')), 'SESSION_UNCAUGHT'],
    ['process.exit()', () => process.exit(0), 'SESSION_EXIT'],
  ])('%s in a tool ends that call and no other', async (_what, accident, code) => {
    const { earlier } = await begin();
    const { call, held: mine } = await called();
    actions.push(accident);
    client?.do(() => void mine.session.generateReply({ userInput: NOW }));
    expect(await rig().ends.of(call.jobId)).toMatchObject({ status: 'failed', error: { code } });
    if (earlier !== undefined) expect(await earlier.say('still there?')).toMatch(/still there/);
    const next = await dial();
    expect(await next.say('hello')).toBe('You said: hello');
  });

  test.each([
    ['deleteRoom()', () => getJobContext().deleteRoom(), 'room_closed'],
    ['shutdown()', () => getJobContext().shutdown('bye'), 'agent_shutdown'],
  ])('getJobContext().%s in a tool is of that call', async (_what, act, reason) => {
    const { earlier } = await begin();
    const { call, held: mine } = await called();
    actions.push(act);
    client?.do(() => void mine.session.generateReply({ userInput: NOW }));
    expect(await rig().ends.of(call.jobId)).toMatchObject({ status: 'success', reason });
    if (earlier !== undefined) expect(await earlier.say('still there?')).toMatch(/still there/);
  });

  test('replies are heard, and nothing is closed as left behind by another call', async () => {
    await begin();
    const { call, held: mine } = await called();
    client?.do(() => void mine.session.generateReply({ userInput: 'from outside' }));
    expect(await call.nextReply()).toBe('You said: from outside');
    client?.do(() => void mine.session.say('Good news.'));
    expect(await call.nextReply()).toBe('Good news.');
    expect(rig().log.matching('warn', /has ended has started/)).toEqual([]);
  });
});

test('what a client itself throws is the error of the code that made it', async () => {
  await serve(clients[0][1]);
  const earlier = await dial();
  const { call } = await called();
  client?.do(boom);
  expect(await rig().ends.of(earlier.jobId)).toMatchObject({ error: { code: 'SESSION_UNCAUGHT' } });
  expect(await call.say('hello')).toBe('You said: hello');
});

test('what a realtime model tells on a connection that calls share runs in the call of its session', async () => {
  await serve(clients[0][1], () => new EchoRealtime());
  for (const when of ['first', 'second']) {
    const { room } = await rig().livekit.call({ metadata: { agent: 'faulty' } });
    await witness.of(`entered ${room}`);
    const { realtimeSession } = activityOf(heldOf(room));
    const toolCall = llm.FunctionCall.create({ callId: `call_${when}`, name: 'act', args: '{}' });
    client?.do(() =>
      realtimeSession.emit('generation_created', {
        messageStream: streamOf<llm.MessageGeneration>(),
        functionStream: streamOf(toolCall),
        userInitiated: false,
      } satisfies llm.GenerationCreatedEvent),
    );
    expect(await witness.of('tool')).toBe(room);
    witness.forget();
  }
});

/** Where the SDK keeps the session of a realtime model. */
function activityOf({ session }: Held) {
  const { _activity } = session as unknown as {
    readonly _activity: { readonly realtimeSession: llm.RealtimeSession };
  };
  return _activity;
}

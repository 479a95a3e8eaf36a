import { type JobContext, getJobContext, voice } from '@livekit/agents';
import { RoomEvent } from '@livekit/rtc-node';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { outcomeOf } from '../call/session-outcome.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { PoolHarness } from './pool-harness.js';

let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

const leave = () => getJobContext().room.disconnect();
const goodbye = outcomeOf('agent_shutdown', 'ROOM_DISCONNECTED');

/** Answers; its `act` runs when it is told so. */
class Answering extends voice.Agent {
  constructor(act: () => unknown = () => {}) {
    const reply = (text: string) => {
      if (text === 'leave') void act();
      return `You said: ${text}`;
    };
    super({ instructions: '', llm: new EchoLLM({ reply }) });
  }
}

class OnEnter extends Answering {
  override async onEnter() {
    await leave();
  }
}

class Node extends Answering {
  override async llmNode(...args: Parameters<voice.Agent['llmNode']>) {
    await leave();
    return super.llmNode(...args);
  }
}

const told: [where: string, agent: () => voice.Agent][] = [
  ['in its answer', () => new Answering(leave)],
  ['twice', () => new Answering(() => Promise.all([leave(), leave()]))],
  ['in a timer', () => new Answering(() => setTimeout(() => void leave(), 0))],
  ['in llmNode', () => new Node()],
  ['in onEnter', () => new OnEnter()],
];

test.each(told)('an agent hangs up with ctx.room.disconnect() %s', async (_where, agent) => {
  await rig.registered({ agents: { agent } });
  const call = await rig.livekit.call();
  const last = call.say('leave').catch((error: unknown) => error);
  expect(await rig.ends.of(call.jobId)).toMatchObject({ ...goodbye, causedBy: 'agent' });
  expect(await call.ended).toEqual({ status: 'success', error: '' });
  await last;
  await rig.livekit.until(({ rooms }) =>
    rooms.every(({ identities }) => !identities.includes(call.agentIdentity)),
  );
});

const hooks: [where: string, setup: (ctx: JobContext) => unknown][] = [
  ['setup()', (ctx) => ctx.room.disconnect()],
  ['setup(), without waiting', (ctx) => void ctx.room.disconnect()],
  [
    'a participant entrypoint',
    (ctx) => ctx.addParticipantEntrypoint(async ({ room }) => room.disconnect()),
  ],
];

test.each(hooks)('ctx.room.disconnect() in %s ends the call', async (_where, setup) => {
  await rig.registered({
    agents: { agent: () => new Answering() },
    setup: async (ctx) => void (await setup(ctx)),
  });
  const call = await rig.livekit.call();
  expect(await rig.ends.of(call.jobId)).toMatchObject(goodbye);
  expect(await call.ended).toEqual({ status: 'success', error: '' });
});

const late: [where: string, agent: () => voice.Agent][] = [
  [
    'onExit',
    () =>
      new (class extends Answering {
        override onExit() {
          return leave();
        }
      })(),
  ],
  [
    'a shutdown callback',
    () =>
      new (class extends Answering {
        override async onEnter() {
          const ctx = getJobContext();
          ctx.addShutdownCallback(() => ctx.room.disconnect());
        }
      })(),
  ],
  [
    'a listener of the session that closes',
    () =>
      new (class extends Answering {
        override async onEnter() {
          this.session.on(voice.AgentSessionEventTypes.Close, () => void leave());
        }
      })(),
  ],
  [
    'a listener of the caller who leaves',
    () =>
      new (class extends Answering {
        override async onEnter() {
          getJobContext().room.on(RoomEvent.ParticipantDisconnected, () => void leave());
        }
      })(),
  ],
];

test.each(late)('ctx.room.disconnect() in %s changes nothing', async (_where, agent) => {
  await rig.registered({ agents: { agent } });
  const call = await rig.livekit.call();
  expect(await call.say('hello')).toBe('You said: hello');
  call.hangUp();
  expect(await rig.ends.of(call.jobId)).toMatchObject(outcomeOf('caller_left'));
  expect(await call.ended).toEqual({ status: 'success', error: '' });
});

test('ctx.room.disconnect() in a factory, before there is a room to leave, does nothing', async () => {
  const agent = async () => {
    await leave();
    return new Answering();
  };
  await rig.registered({ agents: { agent } });
  const call = await rig.livekit.call();
  expect(await call.say('hello')).toBe('You said: hello');
});

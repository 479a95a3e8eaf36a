import {
  initializeLogger,
  type ipc,
  JobContext,
  JobProcess,
  runWithJobContextAsync,
  voice,
} from '@livekit/agents';
import { Job, type JobAssignment } from '@livekit/protocol';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { EchoLLM } from '../providers/echo-llm.js';
import { type EmbeddedLiveKit, startEmbeddedLiveKit } from './embedded-livekit.js';
import { createEmbeddedRoom } from './embedded-room.js';
import { RawWorker } from './raw-worker.fixture.js';

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));

let endpoint: EmbeddedLiveKit;
let worker: RawWorker;

beforeEach(async () => {
  endpoint = await startEmbeddedLiveKit();
  worker = await RawWorker.register(endpoint);
});

afterEach(async () => {
  worker.close();
  await endpoint.close();
});

class Greeter extends voice.Agent {
  constructor() {
    super({ instructions: 'You are a test.' });
  }

  override async onEnter(): Promise<void> {
    this.session.say('Hello from the greeter');
  }
}

const noInference: ipc.InferenceExecutor = {
  doInference: () => Promise.reject(new Error('no inference in this test')),
};

/** The body of a session as a worker runs it; resolves when the session closed. */
async function runSession(assignment: JobAssignment, agent: voice.Agent): Promise<string> {
  const room = createEmbeddedRoom();
  const job = assignment.job ?? new Job();
  const info = {
    acceptArguments: { name: '', identity: `agent-${job.id}`, metadata: '' },
    job,
    url: assignment.url ?? '',
    token: assignment.token,
    workerId: 'AW_test',
  };
  const ctx = new JobContext(
    new JobProcess(),
    info,
    room,
    () => undefined,
    () => undefined,
    noInference,
  );
  return runWithJobContextAsync(ctx, async () => {
    const session = new voice.AgentSession({
      llm: new EchoLLM(),
      vad: null,
      turnHandling: { turnDetection: null },
    });
    const closed = new Promise<string>((resolve) => {
      session.once(voice.AgentSessionEventTypes.Close, ({ reason }) => resolve(reason));
    });
    // Joined first: what an agent says before its caller is linked is lost without audio output.
    await ctx.connect();
    await session.start({
      agent,
      room,
      inputOptions: { audioEnabled: false },
      outputOptions: { audioEnabled: false },
      record: false,
    });
    const reason = await closed;
    worker.finish(job.id);
    await room.disconnect();
    return reason;
  });
}

test('an AgentSession answers a text call through the endpoint', async () => {
  const dialing = endpoint.call({ room: 'front desk', metadata: { tenant: 'acme' } });
  const assignment = await worker.accept();
  expect(assignment.job?.room).toMatchObject({ name: 'front desk', metadata: '{"tenant":"acme"}' });
  const session = runSession(assignment, new Greeter());

  const call = await dialing;
  expect(await call.nextReply()).toBe('Hello from the greeter');
  expect(await call.say('are you there?')).toBe('You said: are you there?');
  expect(await call.say('again')).toBe('You said: again');
  expect(call.transcript).toEqual([
    { from: 'agent', text: 'Hello from the greeter' },
    { from: 'caller', text: 'are you there?' },
    { from: 'agent', text: 'You said: are you there?' },
    { from: 'caller', text: 'again' },
    { from: 'agent', text: 'You said: again' },
  ]);

  call.hangUp();
  expect(await session).toBe(voice.CloseReason.PARTICIPANT_DISCONNECTED);
  expect(await call.ended).toEqual({ status: 'success', error: '' });
});

test('a caller may type on without waiting for replies', async () => {
  const dialing = endpoint.call();
  const session = runSession(await worker.accept(), new Greeter());
  const call = await dialing;
  await call.nextReply();
  await call.type('one');
  expect(await call.nextReply()).toBe('You said: one');
  call.hangUp();
  await session;
  await expect(call.type('two')).rejects.toMatchObject({ code: 'LINK_CLOSED' });
});

test('two calls at a time do not hear each other', async () => {
  const ends: Promise<unknown>[] = [];
  const dial = async () => {
    const dialing = endpoint.call();
    ends.push(runSession(await worker.accept(), new Greeter()));
    return dialing;
  };
  const [first, second] = [await dial(), await dial()];
  await Promise.all([first.nextReply(), second.nextReply()]);
  expect(await Promise.all([first.say('one'), second.say('two')])).toEqual([
    'You said: one',
    'You said: two',
  ]);
  first.hangUp();
  second.hangUp();
  await Promise.all(ends);
  expect(endpoint.jobs.map(({ status }) => status)).toEqual(['success', 'success']);
});

test('the caller of a deleted room is told, and the session ends', async () => {
  const dialing = endpoint.call({ room: 'short' });
  const session = runSession(await worker.accept(), new Greeter());
  const call = await dialing;
  await call.nextReply();
  expect(endpoint.deleteRoom('short')).toBe(true);
  await expect(call.say('hello?')).rejects.toThrow('ROOM_DELETED');
  expect(await call.ended).toEqual({ status: 'failed', error: 'agent worker left the room' });
  await session;
});

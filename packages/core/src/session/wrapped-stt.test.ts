import { llm, stt, voice } from '@livekit/agents';
import { AsyncResource } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';

import type { AgentPoolOptions } from '../options/pool-options.js';
import { cloning } from '../testing/cloning-isolation.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { NOW, Talker, raise } from './contained-failures.fixture.js';
import { reach, rig, start, stillThere } from './contained-rig.fixture.js';
import { FailingLLM, FailingRealtime, unauthorized } from './failing-providers.fixture.js';
import {
  CueVAD,
  type Hear,
  Microphone,
  PlainSTT,
  SayingLLM,
  StreamingSTT,
  heard,
  noRetries,
  status,
} from './wrapped-providers.fixture.js';

// What becomes of the words of a caller when the STT fails, alone or inside another provider; and models inside others.

/** A call in which the caller speaks. */
async function listening(
  make: (vad: CueVAD) => Partial<voice.AgentOptions<unknown>>,
  pool: AgentPoolOptions = {},
) {
  const vad = new CueVAD();
  const microphone = new Microphone();
  const setup: AgentPoolOptions['setup'] = (_ctx, session, { agent }) => {
    if (agent === 'faulty') session.input.audio = microphone;
  };
  const turnHandling = { turnDetection: 'vad' as const, endpointing: { minDelay: 0 } };
  const defaults = { session: { connOptions: noRetries, turnHandling } };
  const started = await start(() => new Talker({ vad, ...make(vad) }), {
    defaults,
    setup,
    ...pool,
  });
  const { call, greeting } = await reach();
  await greeting;
  const session = () =>
    started.pool.runtimeSnapshot().sessions.find(({ agent }) => agent === 'faulty');
  return {
    call,
    vad,
    microphone,
    session,
    /** The caller says a sentence, and it is counted. */
    says: async (asked: number) => {
      vad.hear();
      await expect.poll(() => session()?.turns.asked).toBe(asked);
    },
    calm: started.calm,
    end: async () => {
      expect(await started.calm.say('and you?')).toBe('You said: and you?');
      call.hangUp();
      return rig().ends.of(call.jobId);
    },
  };
}

const sentence = () => heard('hello');
const fallback = (vad: CueVAD, ...sttInstances: stt.STT[]) =>
  new stt.FallbackAdapter({ sttInstances, vad, maxRetryPerSTT: 0 });

type Wrap = (recognise: () => stt.SpeechEvent, vad: CueVAD) => stt.STT;

const wraps: readonly [where: string, wrap: Wrap][] = [
  ['alone, in the adapter of the SDK', (recognise) => new PlainSTT(recognise)],
  ['in a StreamAdapter', (recognise, vad) => new stt.StreamAdapter(new PlainSTT(recognise), vad)],
];

const fails: readonly [how: string, recognise: () => stt.SpeechEvent, code: string][] = [
  ['rejects the key', () => raise(status(401)), '401'],
  ['has a bug', () => raise(new TypeError('x is not a function')), 'TypeError'],
  ['throws no error', () => raise('a string'), 'Error'],
  ['gives no transcript', () => ({}) as stt.SpeechEvent, 'Error'],
];

describe.each(wraps)('an STT that cannot stream, %s', (_where, wrap) => {
  test.each(fails)('%s: counted, and the words have no answer', async (_how, recognise, code) => {
    const { says, session, end } = await listening((vad) => ({ stt: wrap(recognise, vad) }));
    await says(1);
    await says(2);
    expect(session()?.status).toBe('unanswered');
    const { status: ended, faults, turns } = await end();
    expect(ended).toBe('success');
    expect(faults.providers).toEqual([
      { kind: 'stt', label: 'plain.STT', code, recoverable: false, count: 2 },
    ]);
    expect(turns).toEqual({
      asked: 2,
      answered: 0,
      interrupted: 0,
      unanswered: 2,
      lastUnanswered: 'provider_error',
    });
  });

  test('fails once: the next words are answered', async () => {
    const results = [() => raise(status(500))];
    const recognise = () => results.shift()?.() ?? sentence();
    const { says, session, end } = await listening((vad) => ({ stt: wrap(recognise, vad) }));
    await says(1);
    await says(2);
    await expect.poll(() => session()?.turns.answered).toBe(1);
    expect((await end()).turns).toMatchObject({ asked: 2, answered: 1, unanswered: 1 });
  });
});

test('in an isolated session it is the same', async () => {
  const broken = new PlainSTT(() => raise(status(401)));
  const { says, end } = await listening(() => ({ stt: broken }), { isolation: cloning() });
  await says(1);
  const { faults, turns } = await end();
  expect(faults.providers).toMatchObject([{ kind: 'stt', label: 'plain.STT', code: '401' }]);
  expect(turns).toMatchObject({ asked: 1, unanswered: 1, lastUnanswered: 'provider_error' });
});

test('code of the agent that has something recognised deals with the failure itself', async () => {
  const own = new PlainSTT(() => raise(status(401)));
  const reply = (text: string) => {
    if (text === NOW) own.recognize([]).catch(() => {});
    return text;
  };
  const { call, end } = await listening(() => ({ llm: new EchoLLM({ reply }) }));
  expect(await call.say(NOW)).toBe(NOW);
  const { faults, turns } = await end();
  expect(faults.providerErrors).toBe(0);
  expect(turns).toMatchObject({ asked: 1, answered: 1 });
});

describe.each(fails)('the first STT of a fallback adapter %s', (how, recognise, code) => {
  test('the next one hears what is said next', async () => {
    const { says, session, end } = await listening((vad) => ({
      stt: fallback(vad, new PlainSTT(recognise), new PlainSTT(sentence, 'second.STT')),
    }));
    await says(1);
    await rig().log.until('failed, the SDK tries again');
    await expect.poll(() => session()?.turns.unanswered).toBe(1);
    await says(2);
    await expect.poll(() => session()?.turns.answered).toBe(1);
    const { faults, turns } = await end();
    expect(faults.providers, how).toEqual([
      { kind: 'stt', label: 'plain.STT', code, recoverable: true, count: 1 },
    ]);
    expect(turns).toMatchObject({ asked: 2, answered: 1, unanswered: 1 });
  });
});

const ends: Hear = () => 'ends';
/** Hears a sentence in each frame but the first, with which it ends. */
const endsOnce = (): Hear => {
  let frames = 0;
  return (give) => {
    frames += 1;
    if (frames === 1) return 'ends';
    give('hello');
    return 'goes on';
  };
};

test('an STT whose stream ends is started again, and hears what is said next', async () => {
  const hearing = new StreamingSTT(endsOnce());
  const { microphone, session, end } = await listening(() => ({ stt: hearing }));
  microphone.feed();
  await rig().log.until('failed, the SDK tries again: its stream has ended');
  await expect.poll(() => hearing.begun).toBe(2);
  microphone.feed();
  await expect.poll(() => session()?.turns.answered).toBe(1);
  const { status: ended, faults, turns } = await end();
  expect(ended).toBe('success');
  expect(faults.providers).toEqual([
    { kind: 'stt', label: 'streaming.STT', code: 'ended', recoverable: true, count: 1 },
  ]);
  expect(turns).toMatchObject({ asked: 1, answered: 1, unanswered: 0 });
});

test.each([
  ['in this process', undefined],
  ['in an isolated session', cloning()],
])('an STT that always ends: the words of the caller have no answer, %s', async (_w, isolation) => {
  const hearing = new StreamingSTT(ends);
  const { call, microphone, says, end } = await listening(
    () => ({ stt: hearing }),
    isolation === undefined ? {} : { isolation },
  );
  microphone.feed();
  await expect.poll(() => hearing.begun).toBe(2);
  microphone.feed();
  await rig().log.until('the agent hears nothing');
  await says(1);
  // The caller can still type.
  expect(await call.say('hello?')).toBe('You said: hello?');
  const { status: ended, faults, turns } = await end();
  expect(ended).toBe('success');
  const ending = { kind: 'stt', label: 'streaming.STT', code: 'ended', count: 1 };
  expect(faults.providers).toEqual([
    { ...ending, recoverable: true },
    { ...ending, recoverable: false },
  ]);
  expect(turns).toMatchObject({ asked: 2, answered: 1, unanswered: 1 });
});

test('an STT of a fallback adapter ends: the next one hears what is said next', async () => {
  const hears: Hear = (give) => {
    give('hello');
    return 'goes on';
  };
  const next = new StreamingSTT(hears, 'second.STT');
  const { microphone, vad, session, end } = await listening((detector) => ({
    stt: fallback(detector, new StreamingSTT(ends), next),
  }));
  microphone.feed();
  await expect.poll(() => next.begun).toBe(1);
  microphone.feed();
  vad.hear();
  await expect.poll(() => session()?.turns.answered).toBe(1);
  const { faults } = await end();
  expect(faults.providers).toEqual([
    { kind: 'stt', label: 'streaming.STT', code: 'ended', recoverable: true, count: 1 },
  ]);
});

test('streams that end with their call, or with their agent, have not failed', async () => {
  const { call, end } = await listening(() => ({
    stt: new StreamingSTT(() => 'goes on'),
    llm: new EchoLLM({ reply: (text) => text }),
  }));
  await call.say('hello');
  const { faults } = await end();
  expect(faults.providerErrors).toBe(0);
  expect(rig().log.matching('warn', /its stream has ended/)).toEqual([]);
});

test('the first model of a fallback adapter fails: counted, and the next one answers', async () => {
  const models = () =>
    new llm.FallbackAdapter({ llms: [new FailingLLM(unauthorized), new EchoLLM()] });
  const { pool } = await start(() => new Talker({ llm: models() }));
  const { call, greeting } = await reach();
  await greeting;
  expect(await call.say(NOW)).toBe('You said: now');
  expect(pool.runtimeSnapshot().sessions.at(-1)).toMatchObject({
    faults: {
      providers: [{ kind: 'llm', label: 'openrtc.EchoLLM', code: '401', recoverable: true }],
    },
    turns: { answered: 1, unanswered: 0 },
  });
});

test('a model that nobody listens to, in a tool or a node: counted, and the call goes on', async () => {
  const own = new FailingLLM(unauthorized);
  const reply = (text: string) => {
    if (text === NOW) {
      const chatCtx = llm.ChatContext.empty();
      chatCtx.addMessage({ role: 'user', content: NOW });
      own.chat({ chatCtx });
    }
    return `You said: ${text}`;
  };
  const { pool } = await start(() => new Talker({ llm: new EchoLLM({ reply }) }));
  const { call, greeting } = await reach();
  await greeting;
  expect(await call.say(NOW)).toBe('You said: now');
  await rig().log.until('the LLM openrtc.EchoLLM failed');
  expect(await call.say('hello')).toBe('You said: hello');
  expect(pool.runtimeSnapshot().sessions.at(-1)).toMatchObject({
    faults: { providers: [{ kind: 'llm', code: '401', recoverable: false, count: 1 }] },
    turns: { answered: 2, unanswered: 0 },
  });
});

test('an STT that gives null ends its call, as one that fails for good', async () => {
  const hearing = new StreamingSTT((_give, put) => {
    put(null);
    return 'goes on';
  });
  const { call, microphone } = await listening(() => ({ stt: hearing }));
  microphone.feed();
  expect(await rig().ends.of(call.jobId)).toMatchObject({
    error: { code: 'SESSION_CLOSED_WITH_ERROR' },
    causedBy: 'provider',
    faults: { providers: [{ kind: 'stt', code: 'TypeError', recoverable: false }] },
  });
  expect(rig().log.matching('error', /uncaught|blamed/)).toEqual([]);
});

/** Fails in the call whose session it has made, as a socket of that session would. */
class LateRealtime extends FailingRealtime {
  failLate: () => void = () => {};

  override session(): llm.RealtimeSession {
    this.failLate = AsyncResource.bind(() => this.fail(unauthorized(), false));
    return super.session();
  }
}

test('a model that gives null: counted, and the call goes on', async () => {
  const { pool } = await start(() => new Talker({ llm: new SayingLLM(undefined, null) }));
  const { call, greeting } = await reach();
  await greeting;
  call.type(NOW).catch(() => {});
  await rig().log.until('got no answer');
  await stillThere(call);
  expect(pool.runtimeSnapshot().sessions.at(-1)).toMatchObject({
    faults: { providers: [{ kind: 'llm', code: 'TypeError', recoverable: false, count: 1 }] },
    turns: { asked: 2, answered: 1, lastUnanswered: 'provider_error' },
  });
});

test('a realtime model that fails after its agent has handed over ends nothing', async () => {
  const model = new LateRealtime();
  let hand = () => {};
  const { pool } = await start(
    () =>
      new voice.Agent({
        instructions: '',
        llm: model,
      }),
    {
      setup: (_ctx, made, { agent }) => {
        if (agent === 'faulty') hand = () => made.updateAgent(new Talker());
      },
    },
  );
  const { call } = await reach();
  await call.type('hello');
  await expect.poll(() => pool.runtimeSnapshot().sessions.at(-1)?.turns.answered).toBe(1);
  hand();
  expect(await call.nextReply()).toBe('Here.');
  model.failLate();
  expect(await call.say('still there?')).toBe('You said: still there?');
  expect(pool.runtimeSnapshot().sessions.at(-1)?.faults.providers).toMatchObject([
    { kind: 'realtime', label: 'failing.Realtime', code: '401', recoverable: false },
  ]);
});

import { llm, stt, voice } from '@livekit/agents';
import { describe, expect, test } from 'vitest';

import { EchoLLM } from '../testing/providers/echo-llm.js';
import { NOW, Talker, raise, ways } from './contained-failures.fixture.js';
import { reach, rig, start, stillThere } from './contained-rig.fixture.js';
import { unauthorized } from './failing-providers.fixture.js';
import { CueVAD, Microphone, StreamingSTT, noRetries } from './wrapped-providers.fixture.js';

// What becomes of a call when a provider gives no stream where the SDK asks for one, or says its error in its own way.

const refuses = () => {
  throw unauthorized();
};

/** How a provider gives no stream, and the code it is reported with. */
const refusals: readonly [how: string, give: () => unknown, code: string][] = [
  ['throws', refuses, '401'],
  ['throws a string', () => raise('no key'), 'Error'],
  ['is async and fails', () => Promise.reject(unauthorized()), '401'],
  ['is async', () => Promise.resolve({}), 'TypeError'],
  ['returns undefined', () => undefined, 'TypeError'],
  ['returns null', () => null, 'TypeError'],
  ['returns an async generator', () => generator(), 'TypeError'],
  ['returns something else', () => ({}), 'TypeError'],
];

async function* generator() {
  yield 'hello';
}

class RefusingSTT extends stt.STT {
  readonly label = 'refusing.STT';
  readonly #give: () => unknown;

  constructor(give: () => unknown) {
    super({ streaming: true, interimResults: false });
    this.#give = give;
  }

  protected override _recognize(): Promise<stt.SpeechEvent> {
    return Promise.reject(new Error('only streams'));
  }

  override stream(): stt.SpeechStream {
    return this.#give() as stt.SpeechStream;
  }
}

type ChatOptions = Parameters<EchoLLM['chat']>[0];

/** Gives this when the caller says {@link NOW}, and echoes everything else. */
class RefusingLLM extends EchoLLM {
  readonly #give: () => unknown;

  constructor(give: () => unknown) {
    super();
    this.#give = give;
  }

  override chat(options: ChatOptions): llm.LLMStream {
    const last = options.chatCtx.items.at(-1);
    return last?.type === 'message' && last.textContent === NOW
      ? (this.#give() as llm.LLMStream)
      : super.chat(options);
  }
}

const noVad = { defaults: { session: { vad: null, connOptions: noRetries } } };

describe.each(ways)('%s', (_where, from, byHandOff) => {
  test.each(refusals)(
    'stream() of the STT %s: as when its stream fails',
    async (_how, give, code) => {
      const refusing = () => new Talker({ stt: new RefusingSTT(give) });
      await start(from(refusing), noVad);
      const { call, greeting } = await reach(byHandOff);
      greeting.catch(() => {});
      expect(await rig().ends.of(call.jobId)).toMatchObject({
        status: 'failed',
        causedBy: 'provider',
        error: { code: 'SESSION_CLOSED_WITH_ERROR' },
        faults: {
          hookErrors: 0,
          providers: [{ kind: 'stt', label: 'refusing.STT', code, recoverable: false, count: 1 }],
        },
      });
      expect(rig().log.matching('error', /uncaught|blamed/)).toEqual([]);
    },
  );

  test.each(refusals)('chat() of the LLM %s: the turn has no answer', async (_how, give, code) => {
    const { pool } = await start(from(() => new Talker({ llm: new RefusingLLM(give) })));
    const { call, greeting } = await reach(byHandOff);
    await greeting;
    const lost = call.say(NOW);
    await rig().log.until('got no answer');
    await stillThere(call, lost);
    expect(pool.runtimeSnapshot().sessions.at(-1)).toMatchObject({
      faults: {
        hookErrors: 0,
        providers: [{ kind: 'llm', label: 'openrtc.EchoLLM', code, recoverable: false, count: 1 }],
      },
      turns: { unanswered: 1, lastUnanswered: 'provider_error' },
    });
    expect(rig().log.matching('error', /uncaught|blamed/)).toEqual([]);
  });
});

test('an STT that calls share refuses a stream in each of them, and is as it was', async () => {
  const shared = new RefusingSTT(refuses);
  await start(() => new Talker({ stt: shared }), noVad);
  for (const { call } of [await reach(), await reach()])
    expect(await rig().ends.of(call.jobId)).toMatchObject({
      error: { code: 'SESSION_CLOSED_WITH_ERROR' },
      faults: { providerErrors: 1 },
    });
  expect(Object.hasOwn(shared, 'stream')).toBe(false);
});

/** A node that asks the node of the SDK. */
class Asking extends Talker {
  override sttNode(...[audio, settings]: Parameters<voice.Agent['sttNode']>) {
    return voice.Agent.default.sttNode(this, audio, settings);
  }
}

test('a node of the agent asks the STT through that of the SDK: no error of the hook', async () => {
  await start(() => new Asking({ stt: new RefusingSTT(refuses) }), noVad);
  const { call } = await reach();
  expect(await rig().ends.of(call.jobId)).toMatchObject({
    error: { code: 'SESSION_CLOSED_WITH_ERROR' },
    faults: { hookErrors: 0, providerErrors: 1 },
  });
});

test.each(refusals)(
  'stream() of the first STT of a fallback adapter %s: the next one hears',
  async (_how, give, code) => {
    const next = new StreamingSTT((hear) => {
      hear('hello');
      return 'goes on';
    });
    const vad = new CueVAD();
    const microphone = new Microphone();
    const sttInstances = [new RefusingSTT(give), next];
    const { pool } = await start(
      () => new Talker({ vad, stt: new stt.FallbackAdapter({ sttInstances, maxRetryPerSTT: 0 }) }),
      {
        defaults: {
          session: {
            connOptions: noRetries,
            turnHandling: { turnDetection: 'vad', endpointing: { minDelay: 0 } },
          },
        },
        setup: (_ctx, session, { agent }) => {
          if (agent === 'faulty') session.input.audio = microphone;
        },
      },
    );
    const { greeting } = await reach();
    await greeting;
    await expect.poll(() => next.begun).toBe(1);
    microphone.feed();
    vad.hear();
    await expect.poll(() => pool.runtimeSnapshot().sessions.at(-1)?.turns.answered).toBe(1);
    expect(pool.runtimeSnapshot().sessions.at(-1)?.faults.providers).toEqual([
      { kind: 'stt', label: 'refusing.STT', code, recoverable: true, count: 1 },
    ]);
    expect(rig().log.matching('error', /uncaught|blamed/)).toEqual([]);
  },
);

test.each(refusals)(
  'chat() of the first LLM of a fallback adapter %s: the next one answers',
  async (_how, give, code) => {
    const llms = [new RefusingLLM(give), new EchoLLM()];
    const { pool } = await start(() => new Talker({ llm: new llm.FallbackAdapter({ llms }) }));
    const { call, greeting } = await reach();
    await greeting;
    expect(await call.say(NOW)).toBe('You said: now');
    expect(pool.runtimeSnapshot().sessions.at(-1)).toMatchObject({
      faults: { providers: [{ kind: 'llm', code, recoverable: true, count: 1 }] },
      turns: { answered: 1, unanswered: 0 },
    });
    expect(rig().log.matching('error', /uncaught|blamed/)).toEqual([]);
  },
);

/** What a plugin may emit in place of an event, and the code it is reported with. */
const said: readonly [what: string, event: unknown, code: string][] = [
  ['a string', 'no key', 'Error'],
  ['null', null, 'Error'],
  ['undefined', undefined, 'Error'],
  ['a number', 503, 'Error'],
  ['an error', unauthorized(), '401'],
  ['an object without an error', { reason: 'no key' }, 'Error'],
  ['an event without a type', { error: unauthorized(), recoverable: false }, '401'],
];

/** Emits this in a stream. */
class Emitting extends RefusingSTT {
  constructor(event: unknown) {
    super(() => {
      setTimeout(() => this.emit('error', event as never));
      return new StreamingSTT(() => 'goes on').stream();
    });
  }
}

test.each(said)(
  'an STT emits %s: the call fails, and it is counted',
  async (_what, event, code) => {
    await start(() => new Talker({ stt: new Emitting(event) }), noVad);
    const { call } = await reach();
    expect(await rig().ends.of(call.jobId)).toMatchObject({
      causedBy: 'provider',
      error: { code: 'SESSION_CLOSED_WITH_ERROR' },
      faults: {
        providers: [{ kind: 'stt', label: 'refusing.STT', code, recoverable: false, count: 1 }],
      },
    });
  },
);

test.each(said)(
  'an LLM emits %s: it is counted, and the call goes on',
  async (_what, event, code) => {
    const emitting: RefusingLLM = new RefusingLLM(() => {
      emitting.emit('error', event as never);
      return undefined;
    });
    const { pool } = await start(() => new Talker({ llm: emitting }));
    const { call, greeting } = await reach();
    await greeting;
    const lost = call.say(NOW);
    await rig().log.until('got no answer');
    await stillThere(call, lost);
    const { faults, turns } = pool.runtimeSnapshot().sessions.at(-1) ?? {};
    expect(faults?.providers[0]).toEqual({
      kind: 'llm',
      label: 'openrtc.EchoLLM',
      code,
      recoverable: false,
      count: 1,
    });
    expect(turns).toMatchObject({ unanswered: 1, lastUnanswered: 'provider_error' });
  },
);

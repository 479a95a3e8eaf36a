import { tokenize, tts, voice } from '@livekit/agents';
import { describe, expect, test } from 'vitest';

import type { AgentPoolOptions } from '../options/pool-options.js';
import { cloning } from '../testing/cloning-isolation.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { NOW, raise } from './contained-failures.fixture.js';
import { reach, rig, start } from './contained-rig.fixture.js';
import {
  PlainTTS,
  SayingLLM,
  type Speak,
  Speaker,
  StreamingTTS,
  WrappingTTS,
  noRetries,
  status,
} from './wrapped-providers.fixture.js';

// A TTS may be inside another provider. Wherever it is, its failure is counted as that of a provider, and the call goes on.

const defaults = { session: { connOptions: noRetries } };

const fallback = (...ttsInstances: tts.TTS[]) =>
  new tts.FallbackAdapter({ ttsInstances, maxRetryPerTTS: 0 });
const sentences = () => new tokenize.basic.SentenceTokenizer();

type Wrap = (speak: Speak) => tts.TTS;

const alone: readonly [where: string, wrap: Wrap][] = [
  ['alone, in the adapter of the SDK', (speak) => new PlainTTS(speak)],
  ['in a StreamAdapter', (speak) => new tts.StreamAdapter(new PlainTTS(speak), sentences())],
  ['in a wrapper of the user', (speak) => new WrappingTTS(new PlainTTS(speak))],
  ['alone, with streams', (speak) => new StreamingTTS(speak, 'plain.TTS')],
];

const firstOfTwo: readonly [where: string, wrap: Wrap][] = [
  ['before one that cannot stream', (speak) => fallback(new PlainTTS(speak), new PlainTTS())],
  ['before one with streams', (speak) => fallback(new PlainTTS(speak), new StreamingTTS())],
  [
    'with streams, before one that cannot stream',
    (speak) => fallback(new StreamingTTS(speak, 'plain.TTS'), new PlainTTS()),
  ],
  [
    'in a StreamAdapter, before another',
    (speak) =>
      fallback(new tts.StreamAdapter(new PlainTTS(speak), sentences()), new StreamingTTS()),
  ],
  [
    'in a fallback adapter that is in another',
    (speak) => fallback(fallback(new PlainTTS(speak)), new PlainTTS()),
  ],
];

const fails: readonly [how: string, speak: Speak, code: string][] = [
  ['rejects the key', () => raise(status(401)), '401'],
  ['has a bug', () => raise(new TypeError('x is not a function')), 'TypeError'],
  ['throws no error', () => raise('a string'), 'Error'],
];

const givesNothing: Speak = () => {};

/** Two turns: in the first the TTS fails, in the second it does not. */
async function twoTurns(
  agent: () => voice.Agent,
  pool: AgentPoolOptions = {},
  between = async (): Promise<void> => {},
) {
  let replies = 0;
  const setup: AgentPoolOptions['setup'] = (_ctx, session, info) => {
    if (info.agent !== 'faulty') return;
    session.output.audio = new Speaker();
    session.on(voice.AgentSessionEventTypes.SpeechCreated, ({ speechHandle }) =>
      speechHandle.addDoneCallback(() => (replies += 1)),
    );
  };
  const { calm } = await start(agent, { defaults, setup, ...pool });
  const { call, greeting } = await reach();
  greeting.catch(() => {});
  call.type(NOW).catch(() => {});
  await expect.poll(() => replies, { timeout: 15_000 }).toBe(1);
  await between();
  call.type('and you?').catch(() => {});
  await expect.poll(() => replies, { timeout: 15_000 }).toBe(2);
  expect(await calm.say('and you?')).toBe('You said: and you?');
  call.hangUp();
  const { status: ended, faults, turns } = await rig().ends.of(call.jobId);
  expect(ended).toBe('success');
  expect(rig().log.matching('error', /uncaught|blamed/)).toEqual([]);
  return { faults, turns };
}

const speaks = (speaker: tts.TTS) => () =>
  new voice.Agent({ instructions: '', llm: new EchoLLM(), tts: speaker });

describe.each(alone)('a TTS %s', (where, wrap) => {
  test.each(fails)('%s: counted, the turn has no answer, and the call goes on', async (...row) => {
    const [, speak, code] = row;
    const { faults, turns } = await twoTurns(speaks(wrap(speak)));
    expect(faults.providers).toMatchObject([{ kind: 'tts', code, recoverable: false, count: 1 }]);
    expect(faults.providers[0]?.label).toContain('plain.TTS');
    expect(turns).toMatchObject({ asked: 2, answered: 1, unanswered: 1 });
    expect(turns.lastUnanswered).toBe('provider_error');
  });

  test('gives nothing: the turn has no answer', async () => {
    const { faults, turns } = await twoTurns(speaks(wrap(givesNothing)));
    // With this adapter the words of an answer come with its audio, so there are none to be spoken.
    const wordless = where === 'in a StreamAdapter';
    expect(faults.providers).toMatchObject(
      wordless ? [] : [{ kind: 'tts', code: 'no_audio', recoverable: false, count: 1 }],
    );
    expect(turns).toMatchObject({ asked: 2, answered: 1, unanswered: 1 });
    expect(turns.lastUnanswered).toBe(wordless ? 'no_reply' : 'provider_error');
  });

  test('fails in the middle: counted, and the turn is answered as far as it was heard', async () => {
    const speak: Speak = (give) => {
      give();
      raise(status(500));
    };
    const { faults, turns } = await twoTurns(speaks(wrap(speak)));
    expect(faults.providers).toMatchObject([{ kind: 'tts', code: '500', recoverable: false }]);
    expect(turns).toMatchObject({ asked: 2, answered: 2, unanswered: 0 });
  });
});

describe.each(firstOfTwo)('a TTS in a fallback adapter, %s', (_where, wrap) => {
  test.each(fails)('%s: the next one speaks', async (_how, speak, code) => {
    const { faults, turns } = await twoTurns(speaks(wrap(speak)));
    expect(turns).toMatchObject({ asked: 2, answered: 2, unanswered: 0, lastUnanswered: null });
    expect(faults.providers).toContainEqual({
      kind: 'tts',
      label: 'plain.TTS',
      code,
      recoverable: true,
      count: expect.any(Number),
    });
    expect(faults.providers.filter(({ recoverable }) => !recoverable)).toEqual([]);
  });

  test('gives nothing: the next one speaks', async () => {
    const { turns } = await twoTurns(speaks(wrap(givesNothing)));
    expect(turns).toMatchObject({ asked: 2, answered: 2, unanswered: 0, lastUnanswered: null });
  });
});

test('every TTS of a fallback adapter fails: each is counted, and so is the adapter', async () => {
  const both = fallback(
    new PlainTTS(() => raise(status(401)), 'first'),
    new StreamingTTS(() => raise(status(429)), 'second'),
  );
  const { faults, turns } = await twoTurns(speaks(both));
  expect(faults.providers).toMatchObject([
    { label: 'first', code: '401', recoverable: true, count: 1 },
    { label: 'second', code: '429', recoverable: true, count: 1 },
    { label: 'tts.FallbackAdapter', code: 'connection', recoverable: false },
  ]);
  expect(turns).toMatchObject({ answered: 1, unanswered: 1, lastUnanswered: 'provider_error' });
});

/** Throws where it should return a request. */
class ThrowingTTS extends PlainTTS {
  readonly #error: () => unknown;

  constructor(error: () => unknown) {
    super();
    this.#error = error;
  }

  override synthesize(...args: Parameters<PlainTTS['synthesize']>): tts.ChunkedStream {
    return args[0].includes(NOW) ? raise(this.#error()) : super.synthesize(...args);
  }
}

test.each([
  ['throws at once', () => new ThrowingTTS(() => status(401)), '401'],
  ['throws no error at once', () => new ThrowingTTS(() => 'a string'), 'Error'],
  ['gives null', () => new PlainTTS((give) => give(null)), 'TypeError'],
  ['gives something else', () => new PlainTTS((give) => give({})), 'TypeError'],
  ['gives null in its stream', () => new StreamingTTS((give) => give(null)), 'TypeError'],
  ['gives something else in its stream', () => new StreamingTTS((give) => give({})), 'TypeError'],
])('a TTS that %s: counted, and the call goes on', async (_how, make, code) => {
  const { faults, turns } = await twoTurns(speaks(make()));
  expect(faults.providers).toMatchObject([{ kind: 'tts', code, recoverable: false }]);
  expect(turns).toMatchObject({ asked: 2, answered: 1, lastUnanswered: 'provider_error' });
});

test('a TTS is asked whether it is back: that counts as no error, and does not end the call', async () => {
  let asked = 0;
  class Down extends PlainTTS {
    override synthesize(...[, ...rest]: Parameters<PlainTTS['synthesize']>): tts.ChunkedStream {
      asked += 1;
      // Then it is back, and is asked no more.
      return super.synthesize(asked > 8 ? 'hello' : NOW, ...rest);
    }
  }
  const down = new Down(() => raise(status(401)));
  const adapter = new tts.FallbackAdapter({
    ttsInstances: [down, new PlainTTS()],
    maxRetryPerTTS: 0,
    recoveryDelayMs: 1,
  });
  const { faults, turns } = await twoTurns(speaks(adapter), {}, async () => {
    // The session would close after the fourth error for good.
    await expect.poll(() => asked).toBeGreaterThan(8);
  });
  expect(faults.providers).toEqual([
    { kind: 'tts', label: 'plain.TTS', code: '401', recoverable: true, count: 1 },
  ]);
  expect(turns).toMatchObject({ answered: 2, unanswered: 0 });
});

test('a TTS that nobody listens to, in a node of the agent', async () => {
  const own = new PlainTTS(() => raise(status(401)));
  class Own extends voice.Agent {
    override async ttsNode(text: Parameters<voice.Agent['ttsNode']>[0]) {
      let words = '';
      for await (const part of text) words += String(part);
      const request = own.synthesize(words, noRetries.ttsConnOptions);
      return new ReadableStream({
        async start(controller) {
          for await (const { frame } of request) controller.enqueue(frame);
          controller.close();
        },
      });
    }
  }
  const agent = () => new Own({ instructions: '', llm: new EchoLLM(), tts: new PlainTTS() });
  const { faults, turns } = await twoTurns(agent);
  expect(faults.providers).toMatchObject([{ kind: 'tts', label: 'plain.TTS', code: '401' }]);
  expect(turns).toMatchObject({ answered: 1, unanswered: 1, lastUnanswered: 'provider_error' });
});

test.each([
  ['one TTS for all calls', () => new PlainTTS(() => raise(status(401)))],
  ['a fallback adapter for all calls', () => fallback(new PlainTTS(() => raise(status(401))))],
])('in an isolated session it is the same: %s', async (_what, make) => {
  const shared = make();
  const { faults, turns } = await twoTurns(speaks(shared), { isolation: cloning() });
  expect(faults.providers[0]).toMatchObject({ kind: 'tts', label: 'plain.TTS', code: '401' });
  expect(turns).toMatchObject({ answered: 1, unanswered: 1, lastUnanswered: 'provider_error' });
});

test.each([
  ['blanks', ' \n '],
  ['nothing that can be spoken', '...'],
])('a model that answers with %s has not answered', async (_what, content) => {
  const { faults, turns } = await twoTurns(
    () => new voice.Agent({ instructions: '', llm: new SayingLLM(content), tts: new PlainTTS() }),
  );
  expect(faults.providerErrors).toBe(0);
  expect(turns).toMatchObject({ asked: 2, answered: 1, unanswered: 1, lastUnanswered: 'no_reply' });
});

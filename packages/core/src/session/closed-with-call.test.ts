import { llm, stt, tokenize, tts, type voice } from '@livekit/agents';
import { describe, expect, test } from 'vitest';

import type { PrewarmedCall } from '../call/call.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import type { EmbeddedCall } from '../testing/embedded/embedded-call.js';
import { ToneTTS } from '../testing/providers/tone-tts.js';
import { NOW, Talker, handingOver, withTool } from './contained-failures.fixture.js';
import { rig } from './contained-rig.fixture.js';
import {
  CountedLLM,
  CountedSTT,
  CountedTTS,
  CountedVAD,
  Ledger,
  type Provided,
  WrappingTTS,
  counted,
} from './counted-providers.fixture.js';

/*
 * What the code of a call constructs is closed when the call ends; what several calls share is never closed by the end of
 * one of them. The providers here count how often they are made and closed.
 */

/** An agent as a user writes it, and the options of its pool. */
interface Program {
  readonly agent: (call: PrewarmedCall) => voice.Agent;
  readonly pool?: AgentPoolOptions;
}

const run = ({ agent, pool }: Program) =>
  rig().registered({ ...pool, agents: { counting: agent } });

/** Calls, and lets the agent answer, so that it uses what it has. */
async function dial(): Promise<EmbeddedCall> {
  const call = await rig().livekit.call();
  await call.nextReply();
  await call.say(NOW);
  return call;
}

async function hangUp(call: EmbeddedCall): Promise<void> {
  call.hangUp();
  await rig().ends.of(call.jobId);
}

/** Where a call constructs a provider. `made` are the providers of one call. */
const places: [where: string, program: (make: () => Provided, made: Ledger) => Program][] = [
  ['the factory of the agent', (make) => ({ agent: () => new Talker(make()) })],
  [
    'the constructor of the agent',
    (make) => ({
      agent: class extends Talker {
        constructor() {
          super(make());
        }
      } as unknown as Program['agent'],
    }),
  ],
  [
    'a tool, for the agent that takes over',
    (make) => ({
      agent: () => {
        const first = handingOver(() => new Talker(make()));
        first.onEnter = async () => void first.session.say('Here.');
        return first;
      },
    }),
  ],
  [
    'setup(), which uses it itself or not at all',
    (make) => ({ agent: () => new Talker(), pool: { setup: () => void make() } }),
  ],
  [
    'a tool, which uses it itself or not at all',
    (make) => ({ agent: () => withTool(() => (make(), 'done')) }),
  ],
];

describe.each(places)('what a call constructs in %s', (_where, program) => {
  test.each(counted)('%s is closed once when the call ends', async (_kind, make) => {
    const ledger = new Ledger();
    await run(program(() => make(ledger), ledger));
    const first = await dial();
    const second = await dial();
    expect([ledger.made, ledger.closed.length]).toEqual([2, 0]);
    first.hangUp();
    await ledger.untilClosed(1);
    expect(await second.say('hello')).toMatch(/hello/);
    second.hangUp();
    await ledger.untilClosed(2);
    expect(new Set(ledger.closed).size).toBe(2);
  });
});

test('a provider of an own factory is closed once, also by the agent that had it', async () => {
  const ledger = new Ledger();
  class Closing extends Talker {
    override async onExit(): Promise<void> {
      await (this.session.llm as llm.LLM).aclose();
    }
  }
  const { pool, running } = await run({
    agent: () => new Closing({ llm: undefined as never }),
    pool: { defaults: { llm: () => new CountedLLM(ledger) } },
  });
  await hangUp(await dial());
  await pool.drain();
  await running;
  expect([ledger.made, ledger.closed.length]).toEqual([1, 1]);
});

const adapters: [kind: string, make: (ledger: Ledger) => Provided, providers: number][] = [
  [
    'llm.FallbackAdapter',
    (ledger) => ({
      llm: new llm.FallbackAdapter({ llms: [new CountedLLM(ledger), new CountedLLM(ledger)] }),
    }),
    2,
  ],
  [
    'tts.FallbackAdapter, which closes them itself',
    (ledger) => ({
      tts: new tts.FallbackAdapter({
        ttsInstances: [new CountedTTS(ledger), new CountedTTS(ledger)],
      }),
    }),
    2,
  ],
  [
    'tts.StreamAdapter',
    (ledger) => ({
      tts: new tts.StreamAdapter(new CountedTTS(ledger), new tokenize.basic.SentenceTokenizer()),
    }),
    1,
  ],
  [
    'stt.FallbackAdapter',
    (ledger) => ({
      stt: new stt.FallbackAdapter({
        sttInstances: [new CountedSTT(ledger), new CountedSTT(ledger)],
      }),
    }),
    2,
  ],
  [
    'stt.StreamAdapter',
    (ledger) => ({ stt: new stt.StreamAdapter(new CountedSTT(ledger), new CountedVAD(ledger)) }),
    2,
  ],
  [
    'a wrapper of the user, which closes it itself',
    (ledger) => ({ tts: new WrappingTTS(new CountedTTS(ledger)) }),
    1,
  ],
];

test.each(adapters)('all in %s of a call are closed once', async (_kind, make, providers) => {
  const ledger = new Ledger();
  const { pool, running } = await run({ agent: () => new Talker(make(ledger)) });
  await hangUp(await dial());
  await pool.drain();
  await running;
  expect(ledger.closed).toHaveLength(providers);
  expect(new Set(ledger.closed).size).toBe(providers);
});

test('a summary that a shutdown callback writes still has the model of the agent', async () => {
  const ledger = new Ledger();
  const closed: number[] = [];
  await run({
    agent: () => new Talker({ llm: new CountedLLM(ledger) }),
    pool: {
      setup: (ctx) => ctx.addShutdownCallback(async () => void closed.push(ledger.closed.length)),
    },
  });
  (await dial()).hangUp();
  await ledger.untilClosed(1);
  expect(closed).toEqual([0]);
});

test('one provider that cannot be closed is logged, and the others are closed', async () => {
  const ledger = new Ledger();
  class Broken extends ToneTTS {
    override close(): Promise<void> {
      return Promise.reject(new Error('stuck'));
    }
  }
  await run({ agent: () => new Talker({ tts: new Broken(), llm: new CountedLLM(ledger) }) });
  (await dial()).hangUp();
  await ledger.untilClosed(1);
  await rig().log.until('closing the providers failed');
});

/** How calls come to share a provider. Each is a module, which makes it once. */
const shares: [how: string, module: (ledger: Ledger) => Program][] = [
  [
    'an instance of the module, in the constructor of agents',
    (ledger) => {
      const provided = { llm: new CountedLLM(ledger), tts: new CountedTTS(ledger) };
      return { agent: () => new Talker(provided) };
    },
  ],
  [
    'an instance as an option',
    (ledger) => ({
      agent: () => new Talker({ llm: undefined as never }),
      pool: { defaults: { llm: new CountedLLM(ledger), tts: new CountedTTS(ledger) } },
    }),
  ],
  [
    'an instance in the session options',
    (ledger) => ({
      agent: () => new Talker(),
      pool: { defaults: { session: { tts: new CountedTTS(ledger), vad: new CountedVAD(ledger) } } },
    }),
  ],
  [
    'a value of prewarm',
    (ledger) => ({
      agent: (call) => new Talker({ tts: call.prewarmed.tts as tts.TTS }),
      pool: { prewarm: { tts: () => new CountedTTS(ledger) } },
    }),
  ],
  [
    'a factory that returns an instance of the module',
    (ledger) => {
      const one = new CountedLLM(ledger);
      return {
        agent: () => new Talker({ llm: undefined as never }),
        pool: { defaults: { llm: () => one } },
      };
    },
  ],
  [
    'an adapter of each call around instances of the module',
    (ledger) => {
      const ttsInstances = [new CountedTTS(ledger), new CountedTTS(ledger)];
      return { agent: () => new Talker({ tts: new tts.FallbackAdapter({ ttsInstances }) }) };
    },
  ],
  [
    'a wrapper of each call around an instance of the module',
    (ledger) => {
      const inner = new CountedTTS(ledger);
      return { agent: () => new Talker({ tts: new WrappingTTS(inner) }) };
    },
  ],
];

describe.each(shares)('%s', (_how, module) => {
  test('is closed neither by the first call nor by the last one', async () => {
    const ledger = new Ledger();
    const { pool, running } = await run(module(ledger));
    // Alone at first, then two at the same time.
    await hangUp(await dial());
    const [first, second] = [await dial(), await dial()];
    await hangUp(first);
    expect(await second.say('hello')).toMatch(/hello/);
    await hangUp(second);
    await pool.drain();
    await running;
    expect(ledger.closed).toEqual([]);
  });
});

test('what the first call has made for all is not closed while another call uses it', async () => {
  const ledger = new Ledger();
  let one: CountedLLM | undefined;
  const { pool, running } = await run({
    agent: () => new Talker({ llm: (one ??= new CountedLLM(ledger)) }),
  });
  const [first, second] = [await dial(), await dial()];
  await hangUp(first);
  expect(await second.say('hello')).toBe('counted: hello');
  await hangUp(second);
  await pool.drain();
  await running;
  expect(ledger.closed).toEqual([]);
});

test('what the first call has made for all and took with it is named when the next call uses it', async () => {
  const ledger = new Ledger();
  let one: CountedLLM | undefined;
  await run({ agent: () => new Talker({ llm: (one ??= new CountedLLM(ledger)) }) });
  (await dial()).hangUp();
  await ledger.untilClosed(1);
  await hangUp(await dial());
  await hangUp(await dial());
  expect(
    rig().log.matching('error', /CountedLLM was constructed by the code of another call/),
  ).toHaveLength(1);
  // It belongs to none of them any more.
  expect(ledger.closed).toHaveLength(1);
});

test('a call that closes what others use too does not close it for them', async () => {
  const ledger = new Ledger();
  const one = new CountedLLM(ledger);
  class Closing extends Talker {
    override async onExit(): Promise<void> {
      await one.aclose();
    }
  }
  await run({ agent: () => new Closing({ llm: one }) });
  const [first, second] = [await dial(), await dial()];
  await hangUp(first);
  expect(await second.say('hello')).toBe('counted: hello');
  expect(ledger.closed).toEqual([]);
  expect(
    rig().log.matching('warn', /a call has closed a CountedLLM that several calls use/),
  ).toHaveLength(1);
});

test('a model that a call asks itself counts as used, without a listener', async () => {
  const ledger = new Ledger();
  let one: CountedLLM | undefined;
  const ask = async () => {
    one ??= new CountedLLM(ledger);
    for await (const _ of one.chat({ chatCtx: llm.ChatContext.empty() }));
    return 'done';
  };
  const { pool, running } = await run({ agent: () => withTool(ask) });
  const [first, second] = [await dial(), await dial()];
  await hangUp(first);
  await hangUp(second);
  await pool.drain();
  await running;
  expect(ledger.closed).toEqual([]);
});

import { DEFAULT_API_CONNECT_OPTIONS, llm, stt, tokenize, tts, voice } from '@livekit/agents';
import { AudioFrame } from '@livekit/rtc-node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { type ProviderUsage, type UsageFigure, usageFigures } from '../call/provider-usage.js';
import { TestFolder } from '../operate/files.fixture.js';
import type { SessionMetricsEvent } from '../operate/metrics-stream.js';
import {
  Microphone,
  PlainTTS,
  Speaker,
  StreamingSTT,
} from '../session/wrapped-providers.fixture.js';
import { cloning } from '../testing/cloning-isolation.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import type { EmbeddedCall } from '../testing/embedded/embedded-call.js';
import { PoolHarness, inProcess } from './pool-harness.js';

let rig: PoolHarness;
let folder: TestFolder;

beforeEach(async () => {
  rig = await PoolHarness.start();
  folder = await TestFolder.make();
});

afterEach(async () => {
  await rig.close();
  SharedLine.closeAll();
  await folder[Symbol.asyncDispose]();
});

const REPLY = 'Three words here.';
const TOKENS = { promptTokens: 100, promptCachedTokens: 40, completionTokens: 7, totalTokens: 107 };

/**
 * A client as plugins have it: the first call that needs it connects, and what arrives for any call arrives in the
 * context of that first one.
 */
class SharedLine {
  static readonly #all: SharedLine[] = [];

  static closeAll(): void {
    for (const line of SharedLine.#all.splice(0)) clearInterval(line.#timer);
  }

  readonly #waiting: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    SharedLine.#all.push(this);
  }

  deliver(message: () => void): void {
    this.#waiting.push(message);
    this.#timer ??= setInterval(() => {
      for (const each of this.#waiting.splice(0)) each();
    }, 5);
  }
}

/** Says the same and counts the same in every turn. */
class CountingLLM extends llm.LLM {
  readonly line = new SharedLine();

  override label(): string {
    return 'counting.LLM';
  }

  override get model(): string {
    return 'counting-1';
  }

  override get provider(): string {
    return 'counting';
  }

  override chat({ chatCtx, toolCtx, connOptions }: Parameters<llm.LLM['chat']>[0]): llm.LLMStream {
    return new CountingStream(this, {
      chatCtx,
      ...(toolCtx !== undefined && { toolCtx }),
      connOptions: connOptions ?? DEFAULT_API_CONNECT_OPTIONS,
    });
  }
}

class CountingStream extends llm.LLMStream {
  readonly #line: SharedLine;

  constructor(owner: CountingLLM, options: ConstructorParameters<typeof llm.LLMStream>[1]) {
    super(owner, options);
    this.#line = owner.line;
  }

  protected override async run(): Promise<void> {
    await new Promise<void>((resolve) =>
      this.#line.deliver(() => {
        this.queue.put({ id: 'x', delta: { role: 'assistant', content: REPLY } });
        this.queue.put({ id: 'x', usage: TOKENS });
        resolve();
      }),
    );
  }
}

const RECOGNISED = {
  type: stt.SpeechEventType.RECOGNITION_USAGE,
  requestId: 'x',
  recognitionUsage: { audioDuration: 0.25 },
};

/** Two tenants that share each provider object; each call has its own line. */
async function sharing(isolation: ReturnType<typeof inProcess>) {
  const model = new CountingLLM();
  const lines = new Map<string, { session: voice.AgentSession; microphone: Microphone }>();
  const hears = new StreamingSTT((_give, put) => (put(RECOGNISED), 'goes on' as const));
  const { pool } = await rig.registered(
    {
      isolation,
      agents: { shop: () => new voice.Agent({ instructions: 'x' }) },
      defaults: {
        llm: model,
        tts: new PlainTTS(),
        stt: hears,
        session: { turnHandling: { turnDetection: 'manual' } },
      },
      setup: (_ctx, session, { jobId }) => {
        const microphone = new Microphone();
        lines.set(jobId, { session, microphone });
        session.input.audio = microphone;
        session.output.audio = new Speaker();
      },
    },
    { metrics: { jsonlFile: folder.of('usage.jsonl'), jsonlIntervalMs: 3_600_000 } },
  );
  const lineOf = (call: EmbeddedCall) => {
    const line = lines.get(call.jobId);
    if (line === undefined) throw new Error('the call has not begun');
    return line;
  };
  const counted = (call: EmbeddedCall, type: string, figure: string) =>
    lineOf(call)
      .session.usage.modelUsage.filter((each) => each.type === type)
      .reduce((sum, each) => sum + Number((each as Record<string, unknown>)[figure] ?? 0), 0);
  return {
    pool,
    dial: async (tenant: string) => {
      const call = await rig.livekit.call({ metadata: { tenant, agent: 'shop' } });
      await expect.poll(() => lines.has(call.jobId)).toBe(true);
      return call;
    },
    /** The caller types so many turns and speaks so many frames, all of which are counted. */
    talk: async (call: EmbeddedCall, turns: number, frames: number) => {
      const { microphone } = lineOf(call);
      for (let at = 0; at < Math.max(turns, frames); at += 1) {
        if (at < frames) microphone.feed();
        if (at < turns) expect(await call.say(`turn ${at}`)).toBe(REPLY);
      }
      await expect.poll(() => counted(call, 'tts_usage', 'audioDurationMs')).toBe(turns * 100);
      await expect.poll(() => counted(call, 'stt_usage', 'audioDurationMs')).toBe(frames * 250);
    },
    hangUp: async (call: EmbeddedCall) => {
      call.hangUp();
      return rig.ends.of(call.jobId);
    },
  };
}

/** What calls have used that spoke so many turns and frames. */
const usedBy = (turns: number, frames: number) => [
  {
    kind: 'llm',
    provider: 'counting',
    model: 'counting-1',
    inputTokens: turns * 100,
    cachedInputTokens: turns * 40,
    outputTokens: turns * 7,
  },
  { kind: 'tts', characters: turns * REPLY.length, audioDurationMs: turns * 100 },
  { kind: 'stt', audioDurationMs: frames * 250 },
];

describe.each([
  ['in this process', inProcess()],
  ['through a channel', cloning()],
])('calls that share their providers, %s', (_how, isolation) => {
  test('are told apart exactly, and the lines of the file have the same sums', async () => {
    const { pool, dial, talk, hangUp } = await sharing(isolation);
    const calls = await Promise.all(['acme', 'globex', 'acme'].map(dial));
    const [one, other, third] = calls as [EmbeddedCall, EmbeddedCall, EmbeddedCall];
    await Promise.all([talk(one, 4, 1), talk(other, 1, 5), talk(third, 2, 2)]);
    expect(pool.usage().rows).toMatchObject([
      { tenant: 'acme', agent: 'shop', calls: 2, liveCalls: 2 },
      { tenant: 'globex', agent: 'shop', calls: 1, liveCalls: 1 },
    ]);
    const ends = await Promise.all(calls.map(hangUp));
    expect(ends.map(({ usage }) => usage)).toMatchObject([
      usedBy(4, 1),
      usedBy(1, 5),
      usedBy(2, 2),
    ]);
    const { rows, rest, since, until } = pool.usage();
    expect(rest).toBeNull();
    expect(until).toBeGreaterThanOrEqual(since);
    expect(rows).toMatchObject([
      { tenant: 'acme', calls: 2, liveCalls: 0, providers: usedBy(6, 3) },
      { tenant: 'globex', calls: 1, liveCalls: 0, providers: usedBy(1, 5) },
    ]);
    await expect.poll(() => endsInFile()).toHaveLength(3);
    expect(sumsOf(await endsInFile())).toEqual(
      sumsOf(rows.map(({ providers, ...row }) => ({ ...row, usage: providers }))),
    );
    await pool.close();
    expect(pool.usage().rows).toEqual(rows);
  });
});

/** A TTS with streams, as plugins write it. */
class StreamedTTS extends tts.TTS {
  readonly label = 'streamed.TTS';

  constructor() {
    super(24_000, 1, { streaming: true });
  }

  override synthesize(): tts.ChunkedStream {
    throw new Error('it only streams');
  }

  override stream(options?: Parameters<tts.TTS['stream']>[0]): tts.SynthesizeStream {
    return new Streamed(this, options?.connOptions);
  }
}

class Streamed extends tts.SynthesizeStream {
  readonly label = 'streamed.Stream';

  protected override async run(): Promise<void> {
    let words = 0;
    for await (const part of this.input) if (typeof part === 'string') words += part.length;
    if (words > 0) {
      this.markStarted();
      const frame = new AudioFrame(new Int16Array(2_400).fill(900), 24_000, 1, 2_400);
      this.queue.put({ requestId: 'r', segmentId: 's', frame, final: true });
    }
    this.queue.put(tts.SynthesizeStream.END_OF_STREAM);
  }
}

const sentences = () => new tokenize.basic.SentenceTokenizer();
const eitherTTS = (...ttsInstances: tts.TTS[]) => new tts.FallbackAdapter({ ttsInstances });
const eitherLLM = (...llms: llm.LLM[]) => new llm.FallbackAdapter({ llms });

describe.each([
  ['one object for all calls', true],
  ['one for each call', false],
])('%s', (_how, shared) => {
  test.each<[string, () => { llm?: llm.LLM; tts?: tts.TTS }]>([
    ['an LLM', () => ({ llm: new CountingLLM() })],
    ['an LLM in a fallback adapter', () => ({ llm: eitherLLM(new CountingLLM(), new EchoLLM()) })],
    ['an LLM in two', () => ({ llm: eitherLLM(eitherLLM(new CountingLLM())) })],
    ['a TTS with streams', () => ({ tts: new StreamedTTS() })],
    ['a TTS that cannot stream', () => ({ tts: new PlainTTS() })],
    ['in a stream adapter', () => ({ tts: new tts.StreamAdapter(new PlainTTS(), sentences()) })],
    ['in a fallback adapter', () => ({ tts: eitherTTS(new PlainTTS(), new StreamedTTS()) })],
    ['with streams, in a fallback adapter', () => ({ tts: eitherTTS(new StreamedTTS()) })],
    ['in two fallback adapters', () => ({ tts: eitherTTS(eitherTTS(new PlainTTS())) })],
  ])('each token, character and second is counted once: %s', async (_what, make) => {
    const providers = () => ({ llm: new CountingLLM(), tts: new StreamedTTS(), ...make() });
    const forAll = shared ? providers() : undefined;
    const sessions: voice.AgentSession[] = [];
    const { pool } = await rig.registered({
      agents: { shop: () => new voice.Agent({ instructions: 'x', ...(forAll ?? providers()) }) },
      setup: (_ctx, session) => {
        sessions.push(session);
        session.output.audio = new Speaker();
      },
    });
    const call = await rig.livekit.call();
    for (let turn = 1; turn <= 2; turn += 1) {
      expect(await call.say(`turn ${turn}`)).toBe(REPLY);
      await expect.poll(() => spoken(sessions)).toBeGreaterThanOrEqual(turn * 100);
    }
    call.hangUp();
    await rig.ends.of(call.jobId);
    const providersOf = pool.usage().rows[0]?.providers ?? [];
    const sum = (figure: UsageFigure) => providersOf.reduce((so, each) => so + each[figure], 0);
    expect({
      input: sum('inputTokens'),
      output: sum('outputTokens'),
      characters: sum('characters'),
      audioMs: sum('audioDurationMs'),
    }).toEqual({ input: 200, output: 14, characters: 2 * REPLY.length, audioMs: 200 });
  });
});

/** Milliseconds that were spoken in all sessions, as the SDK counts them. */
function spoken(sessions: readonly voice.AgentSession[]): number {
  return sessions
    .flatMap((session) => session.usage.modelUsage)
    .reduce((sum, each) => sum + (each.type === 'tts_usage' ? (each.audioDurationMs ?? 0) : 0), 0);
}

test('before run() nothing is used', () => {
  const { pool } = rig.start({ agents: {} });
  expect(pool.usage()).toEqual({ since: 0, until: expect.any(Number), rows: [], rest: null });
});

/** The ends of calls in the file. */
async function endsInFile(): Promise<readonly SessionMetricsEvent[]> {
  const lines = await folder.lines('usage.jsonl');
  return lines.flatMap(({ payload }) =>
    'event' in payload && payload.event === 'session_finished' ? [payload] : [],
  );
}

/** Everything that is counted, added up by tenant, kind and figure. */
function sumsOf(
  all: readonly {
    readonly tenant: string;
    readonly calls?: number;
    readonly durationMs?: number;
    readonly usage?: readonly ProviderUsage[];
  }[],
): Record<string, number> {
  const sums: Record<string, number> = {};
  const add = (name: string, value: number) => (sums[name] = (sums[name] ?? 0) + value);
  for (const { tenant, calls = 1, durationMs = 0, usage = [] } of all) {
    add(`${tenant} calls`, calls);
    add(`${tenant} ms`, durationMs);
    for (const each of usage)
      for (const figure of usageFigures) add(`${tenant} ${each.kind} ${figure}`, each[figure]);
  }
  return sums;
}

import {
  APIConnectionError,
  APIStatusError,
  APITimeoutError,
  VAD,
  VADStream,
  llm,
  log,
  stt,
  tts,
} from '@livekit/agents';

import { EchoLLM } from '../testing/providers/echo-llm.js';
import { NOW } from './contained-failures.fixture.js';
import { EchoRealtime } from './echo-realtime.fixture.js';

const NO_RETRY = { maxRetry: 0, retryIntervalMs: 0, timeoutMs: 1_000 };

/** Rejected by the service, as with a key that is no longer valid. */
export const unauthorized = (): Error =>
  new APIStatusError({ message: 'Incorrect API key', options: { statusCode: 401 } });

/** Errors of providers as the SDK and its plugins throw them, with the code they are reported with. */
export const failures: readonly [what: string, error: () => unknown, code: string][] = [
  ['an invalid key', unauthorized, '401'],
  [
    'a connection error',
    () => new APIConnectionError({ options: { retryable: false } }),
    'connection',
  ],
  ['a timeout', () => new APITimeoutError({ options: { retryable: false } }), 'timeout'],
  [
    'an error of the library of the provider',
    () => Object.assign(new Error('quota'), { status: 429 }),
    '429',
  ],
  [
    'an error of the system',
    () => Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
    'ECONNREFUSED',
  ],
  ['a bug of the plugin', () => new TypeError('x is not a function'), 'TypeError'],
];

type ChatOptions = Parameters<EchoLLM['chat']>[0];

/** Echoes, and fails when the caller says {@link NOW}: `times` times in a row, or always. */
export class FailingLLM extends EchoLLM {
  readonly #error: () => unknown;
  #left: number;

  constructor(error: () => unknown, times = Number.POSITIVE_INFINITY) {
    super();
    this.#error = error;
    this.#left = times;
  }

  override chat(options: ChatOptions): llm.LLMStream {
    const last = options.chatCtx.items.at(-1);
    const fails = last?.type === 'message' && last.textContent === NOW;
    if (!fails) return super.chat(options);
    return new FailingStream(this, options, () => {
      this.#left -= 1;
      if (this.#left >= 0) throw this.#error();
    });
  }
}

class FailingStream extends llm.LLMStream {
  readonly #fail: () => void;

  constructor(model: llm.LLM, { chatCtx }: ChatOptions, fail: () => void) {
    super(model, { chatCtx, connOptions: { ...NO_RETRY, maxRetry: 1 } });
    this.#fail = fail;
  }

  protected override async run(): Promise<void> {
    this.#fail();
    this.queue.put({ id: 'x', delta: { role: 'assistant', content: 'At last.' } });
  }
}

/** Speaks nothing: fails, or hangs. */
export class BrokenTTS extends tts.TTS {
  readonly label = 'broken.TTS';
  readonly #speak: () => Promise<void>;

  constructor(speak: () => Promise<void>) {
    super(24_000, 1, { streaming: true });
    this.#speak = speak;
  }

  override synthesize(): tts.ChunkedStream {
    throw new Error('only streams');
  }

  override stream(): tts.SynthesizeStream {
    return new BrokenSpeech(this, this.#speak);
  }
}

class BrokenSpeech extends tts.SynthesizeStream {
  readonly label = 'broken.Speech';
  readonly #speak: () => Promise<void>;

  constructor(speech: tts.TTS, speak: () => Promise<void>) {
    super(speech, NO_RETRY);
    this.#speak = speak;
  }

  protected override async run(): Promise<void> {
    for await (const text of this.input) {
      if (text !== tts.SynthesizeStream.FLUSH_SENTINEL) await this.#speak();
    }
  }
}

/** Hears until it fails. */
export class DyingSTT extends stt.STT {
  readonly label = 'dying.STT';
  /** Fails all streams. */
  die: (error: unknown) => void = () => {};

  constructor() {
    super({ streaming: true, interimResults: false });
  }

  protected override _recognize(): Promise<stt.SpeechEvent> {
    return Promise.reject(new Error('only streams'));
  }

  override stream(): stt.SpeechStream {
    const died = new Promise<never>((_resolve, reject) => (this.die = reject));
    died.catch(() => {});
    return new DyingSpeech(this, died);
  }
}

class DyingSpeech extends stt.SpeechStream {
  readonly label = 'dying.Speech';
  readonly #died: Promise<never>;

  constructor(hearing: stt.STT, died: Promise<never>) {
    super(hearing, 16_000, NO_RETRY);
    this.#died = died;
  }

  protected override async run(): Promise<void> {
    await this.#died;
  }
}

/** Echoes, and fails when it is told to. */
export class FailingRealtime extends EchoRealtime {
  #session: llm.RealtimeSession | undefined;

  override session(): llm.RealtimeSession {
    return (this.#session = super.session());
  }

  /** Fails as the SDK's realtime plugins do. */
  fail(error: Error, recoverable: boolean): void {
    const label = 'failing.Realtime';
    const type = 'realtime_model_error';
    this.#session?.emit('error', { type, label, error, recoverable, timestamp: Date.now() });
  }
}

/** Fails at once, and says so as `said` does. */
export class BrokenVAD extends VAD {
  readonly label = 'broken.VAD';
  readonly #said: () => void;

  constructor(said: () => void) {
    super({ updateInterval: 32 });
    this.#said = said;
  }

  override stream(): VADStream {
    this.#said();
    return new BrokenVADStream(this);
  }
}

class BrokenVADStream extends VADStream {}

/** How a VAD says that it has failed: that of the SDK, that of the silero plugin, and any other that throws. */
export const vadFailures: readonly [what: string, said: () => void][] = [
  ['inference.VAD', () => log().error({ err: 'no model' }, 'VAD pump failed')],
  ['silero', () => log().error(new Error('no model'), 'Error in VAD inference task')],
  [
    'a plugin that throws',
    () => {
      throw new Error('no model');
    },
  ],
];

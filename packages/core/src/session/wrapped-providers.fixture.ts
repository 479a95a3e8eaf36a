import {
  APIStatusError,
  VAD,
  VADEventType,
  VADStream,
  llm,
  stt,
  tts,
  voice,
} from '@livekit/agents';
import { AudioFrame } from '@livekit/rtc-node';

import { EchoLLM } from '../testing/providers/echo-llm.js';
import { NOW } from './contained-failures.fixture.js';

const NO_RETRY = { maxRetry: 0, retryIntervalMs: 0, timeoutMs: 1_000 };

/** The options of a session that tries nothing again. */
export const noRetries = {
  sttConnOptions: { ...NO_RETRY, maxRetry: 1 },
  llmConnOptions: NO_RETRY,
  ttsConnOptions: NO_RETRY,
};

/** An HTTP status, after which the SDK does not try again. */
export const status = (statusCode: number): Error =>
  new APIStatusError({
    message: `status ${statusCode}`,
    options: { statusCode, retryable: false },
  });

const tone = (): AudioFrame => new AudioFrame(new Int16Array(2_400).fill(900), 24_000, 1, 2_400);

/** Gives audio for a sentence, or fails. `give` passes on one frame. */
export type Speak = (give: (frame?: unknown) => void) => void;

/** What is spoken for a text. As many a TTS, it gives nothing for a text without words. */
function speakFor(text: string, now: Speak): Speak {
  if (text.toLowerCase().includes(NOW)) return now;
  return /\w/.test(text) ? (give) => give() : () => {};
}

/** A TTS that does what `speak` does for each sentence with {@link NOW}, and speaks all others. */
export class PlainTTS extends tts.TTS {
  readonly label: string;
  readonly #speak: Speak;

  constructor(speak: Speak = (give) => give(), label = 'plain.TTS') {
    super(24_000, 1, { streaming: false });
    this.#speak = speak;
    this.label = label;
  }

  override synthesize(text: string, ...rest: Rest): tts.ChunkedStream {
    return new PlainRequest(speakFor(text, this.#speak), text, this, ...rest);
  }

  override stream(): tts.SynthesizeStream {
    throw new Error('it cannot stream');
  }
}

type Rest = [NonNullable<Parameters<tts.TTS['synthesize']>[1]>?, AbortSignal?];

class PlainRequest extends tts.ChunkedStream {
  readonly label = 'plain.Request';
  readonly #speak: Speak;

  constructor(speak: Speak, text: string, of: tts.TTS, ...rest: Rest) {
    super(text, of, ...rest);
    this.#speak = speak;
  }

  protected override async run(): Promise<void> {
    this.#speak((frame = audio()) => this.queue.put(frame as tts.SynthesizedAudio));
  }
}

const audio = (): tts.SynthesizedAudio => ({
  requestId: 'r',
  segmentId: 's',
  frame: tone(),
  final: true,
});

/** The same with streams. */
export class StreamingTTS extends tts.TTS {
  readonly label: string;
  readonly #speak: Speak;

  constructor(speak: Speak = (give) => give(), label = 'streaming.TTS') {
    super(24_000, 1, { streaming: true });
    this.#speak = speak;
    this.label = label;
  }

  override synthesize(text: string, ...rest: Rest): tts.ChunkedStream {
    return new PlainRequest(speakFor(text, this.#speak), text, this, ...rest);
  }

  override stream(options?: Parameters<tts.TTS['stream']>[0]): tts.SynthesizeStream {
    return new Speech(this.#speak, this, options?.connOptions);
  }
}

class Speech extends tts.SynthesizeStream {
  readonly label = 'streaming.Speech';
  readonly #speak: Speak;

  constructor(speak: Speak, ...rest: ConstructorParameters<typeof tts.SynthesizeStream>) {
    super(...rest);
    this.#speak = speak;
  }

  protected override async run(): Promise<void> {
    let text = '';
    for await (const part of this.input) if (typeof part === 'string') text += part;
    speakFor(text, this.#speak)((frame = audio()) => this.queue.put(frame as tts.SynthesizedAudio));
    this.queue.put(tts.SynthesizeStream.END_OF_STREAM);
  }
}

/** A wrapper as users write them: it emits the errors of its TTS again. */
export class WrappingTTS extends tts.TTS {
  readonly label: string;
  readonly #inner: tts.TTS;

  constructor(inner: tts.TTS) {
    super(inner.sampleRate, inner.numChannels, { streaming: false });
    this.#inner = inner;
    this.label = `wrapping.TTS<${inner.label}>`;
    inner.on('error', (event) => this.emit('error', event));
  }

  override synthesize(...args: Parameters<tts.TTS['synthesize']>): tts.ChunkedStream {
    return this.#inner.synthesize(...args);
  }

  override stream(): tts.SynthesizeStream {
    throw new Error('it cannot stream');
  }
}

/** Plays at once. */
export class Speaker extends voice.AudioOutput {
  #captured = false;

  constructor() {
    super(24_000);
  }

  override async captureFrame(frame: AudioFrame): Promise<void> {
    await super.captureFrame(frame);
    if (!this.#captured) this.onPlaybackStarted(Date.now());
    this.#captured = true;
  }

  override flush(): void {
    super.flush();
    if (!this.#captured) return;
    this.#captured = false;
    this.onPlaybackFinished({ playbackPosition: 0.1, interrupted: false });
  }

  override clearBuffer(): void {
    this.flush();
  }
}

/** A microphone that gives a frame whenever it is told to. */
export class Microphone extends voice.AudioInput {
  feed: () => void = () => {};

  constructor() {
    super();
    const frames = new ReadableStream<AudioFrame>({
      start: (controller) => (this.feed = () => controller.enqueue(tone())),
    });
    this.multiStream.addInputStream(frames);
  }
}

/** Hears the caller speak whenever it is told to. */
export class CueVAD extends VAD {
  readonly label = 'cue.VAD';
  readonly #streams = new Set<CueStream>();

  constructor() {
    super({ updateInterval: 32 });
  }

  override stream(): VADStream {
    const stream = new CueStream(this);
    this.#streams.add(stream);
    return stream;
  }

  /** The caller says a sentence. */
  hear(): void {
    for (const stream of this.#streams) stream.hear();
  }
}

class CueStream extends VADStream {
  hear(): void {
    if (this.closed) return;
    for (const type of [VADEventType.START_OF_SPEECH, VADEventType.END_OF_SPEECH]) {
      const event = { type, frames: [tone()], speechDuration: 100, silenceDuration: 0 };
      const rest = { samplesIndex: 0, timestamp: 0, probability: 1, inferenceDuration: 0 };
      const more = { speaking: false, rawAccumulatedSilence: 0, rawAccumulatedSpeech: 0 };
      void this.outputWriter.write({ ...event, ...rest, ...more });
    }
  }
}

/** The result of a recognition. */
export const heard = (text: string): stt.SpeechEvent => ({
  type: stt.SpeechEventType.FINAL_TRANSCRIPT,
  alternatives: [{ language: 'en' as never, text, startTime: 0, endTime: 1, confidence: 1 }],
});

/** An STT that cannot stream. */
export class PlainSTT extends stt.STT {
  readonly label: string;
  readonly #recognise: () => stt.SpeechEvent;

  constructor(recognise: () => stt.SpeechEvent, label = 'plain.STT') {
    super({ streaming: false, interimResults: false });
    this.#recognise = recognise;
    this.label = label;
  }

  protected override async _recognize(): Promise<stt.SpeechEvent> {
    return this.#recognise();
  }

  override stream(): stt.SpeechStream {
    throw new Error('it cannot stream');
  }
}

/** Hears one frame, and returns what becomes of the stream. */
export type Hear = (
  give: (text: string) => void,
  put: (event: unknown) => void,
) => 'goes on' | 'ends';

/** An STT that streams: each of its streams does what `hear` does with each frame. */
export class StreamingSTT extends stt.STT {
  readonly label: string;
  readonly #hear: Hear;
  /** How often a stream has begun. */
  begun = 0;

  constructor(hear: Hear, label = 'streaming.STT') {
    super({ streaming: true, interimResults: false });
    this.#hear = hear;
    this.label = label;
  }

  protected override _recognize(): Promise<stt.SpeechEvent> {
    return Promise.reject(new Error('only streams'));
  }

  override stream(options?: Parameters<stt.STT['stream']>[0]): stt.SpeechStream {
    return new Hearing(
      this.#hear,
      () => (this.begun += 1),
      this,
      undefined,
      options?.connOptions ?? NO_RETRY,
    );
  }
}

class Hearing extends stt.SpeechStream {
  readonly label = 'streaming.Hearing';
  readonly #hear: Hear;
  readonly #begins: () => void;

  constructor(
    hear: Hear,
    begins: () => void,
    ...rest: ConstructorParameters<typeof stt.SpeechStream>
  ) {
    super(...rest);
    this.#hear = hear;
    this.#begins = begins;
  }

  protected override async run(): Promise<void> {
    this.#begins();
    const put = (event: unknown) => this.queue.put(event as stt.SpeechEvent);
    for await (const _frame of this.input)
      if (this.#hear((text) => put(heard(text)), put) === 'ends') break;
    // As plugins do.
    this.closed = true;
  }
}

type ChatOptions = Parameters<EchoLLM['chat']>[0];

/** Gives this when the caller says {@link NOW}, and echoes everything else. */
export class SayingLLM extends EchoLLM {
  readonly #chunk: unknown;

  constructor(
    content: unknown,
    chunk: unknown = { id: 'x', delta: { role: 'assistant', content } },
  ) {
    super();
    this.#chunk = chunk;
  }

  override chat(options: ChatOptions): llm.LLMStream {
    const last = options.chatCtx.items.at(-1);
    return last?.type === 'message' && last.textContent === NOW
      ? new Saying(this.#chunk, this, options)
      : super.chat(options);
  }
}

class Saying extends llm.LLMStream {
  readonly #chunk: unknown;

  constructor(chunk: unknown, model: llm.LLM, { chatCtx }: ChatOptions) {
    super(model, { chatCtx, connOptions: NO_RETRY });
    this.#chunk = chunk;
  }

  protected override async run(): Promise<void> {
    this.queue.put(this.#chunk as llm.ChatChunk);
  }
}

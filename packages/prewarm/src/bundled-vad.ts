import { type VADEvent, VADEventType, VADStream, inference } from '@livekit/agents';
import { AudioFrame, AudioResampler, AudioResamplerQuality } from '@livekit/rtc-node';
import { OpenRtcError } from '@openrtc/core';
import type { ReadableStream, ReadableStreamDefaultReader } from 'node:stream/web';

import { type LocalInference, loadLocalInference } from './local-inference.js';
import type { SharedVad } from './shared-vad.js';
import { SpeechBuffer } from './speech-buffer.js';

/*
 * The VAD the SDK brings, with the same model and the same decisions. The SDK's own passes each frame
 * through seven web streams and tells its session of every window, 31 times a second and call, speech or
 * not; both are the largest part of what a call that listens costs the JS thread.
 */

const MODEL_RATE = 16_000;
const SLOW_INFERENCE_MS = 200;

type Options = inference.VADOptions;

/** The VAD that comes with the SDK: its model once a process, and a {@link SessionVad} over it for each call. */
export class BundledVad implements SharedVad {
  #local: LocalInference | undefined;

  async load(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const local = loadLocalInference();
    // On this thread: it takes a millisecond or two.
    local.initVad();
    this.#local = local;
  }

  create(): SessionVad {
    if (this.#local === undefined) throw new OpenRtcError('POOL_STATE', 'the VAD is not loaded');
    return new SessionVad(this.#local);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** For one session: its events are told to nobody else. */
export class SessionVad extends inference.VAD {
  readonly #local: LocalInference;

  constructor(local: LocalInference, options?: ConstructorParameters<typeof inference.VAD>[0]) {
    super(options);
    this.#local = local;
  }

  override stream(): VADStream {
    return new SessionVadStream(this, this.#local, () => this._opts);
  }
}

type Model = ReturnType<LocalInference['createVad']>;

class SessionVadStream extends VADStream {
  readonly #model: Model;
  readonly #windowSamples: number;
  readonly #windowMs: number;
  readonly #options: () => Options;
  readonly #events: VADEvent[] = [];
  readonly #waiting: ((result: IteratorResult<VADEvent>) => void)[] = [];
  readonly #speech = new SpeechBuffer();
  #source: ReadableStreamDefaultReader<AudioFrame> | undefined;
  /** Frames one after the other, whoever brings them. */
  #work: Promise<void> = Promise.resolve();
  #inputRate = 0;
  #resampler: AudioResampler | undefined;
  /** Heard and not judged yet: as it came, and as the model takes it. */
  #heard: Int16Array = new Int16Array();
  #samples: Int16Array = new Int16Array();
  #copyRest = 0;
  #state = silence();
  #toldFull = false;
  #toldSilence = false;
  // For the SDK's metrics: it counts utterances, and tells of every 32nd.
  #utterances = 0;
  #inferenceMs = 0;
  #activeAt = 0;

  constructor(vad: SessionVad, local: LocalInference, options: () => Options) {
    super(vad);
    this.#model = local.createVad();
    this.#windowSamples = local.VAD_WINDOW_SAMPLES;
    this.#windowMs = (this.#windowSamples / MODEL_RATE) * 1_000;
    this.#options = options;
  }

  override updateInputStream(audio: ReadableStream<AudioFrame>): void {
    if (this.#source !== undefined) throw new Error('Stream source already set');
    const source = audio.getReader();
    this.#source = source;
    void this.#listen(source);
  }

  override detachInputStream(): void {
    this.#source?.releaseLock();
    this.#source = undefined;
  }

  override pushFrame(frame: AudioFrame): void {
    this.#assertOpen();
    void this.#take(frame);
  }

  override flush(): void {
    this.#assertOpen();
    this.#work = this.#work.then(() => this.#reset());
  }

  override endInput(): void {
    this.#assertOpen();
    this.inputClosed = true;
  }

  override next(): Promise<IteratorResult<VADEvent>> {
    const event = this.#events.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.closed) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  override close(): void {
    super.close();
    this.#events.length = 0;
    for (const resolve of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
    void this.#work.then(() => this.#resampler?.close());
  }

  protected override sendVADEvent(event: VADEvent): boolean {
    if (this.closed) return false;
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#events.push(event);
    else waiting({ done: false, value: event });
    return true;
  }

  async #listen(source: ReadableStreamDefaultReader<AudioFrame>): Promise<void> {
    try {
      while (!this.closed) {
        const { done, value } = await source.read();
        if (done) return;
        await this.#take(value);
      }
    } catch (error) {
      // A reader whose stream was taken from it; the SDK does that to hand a call over.
      if (this.#source === source) this.logger.error({ error }, 'the VAD could not read its audio');
    }
  }

  #take(frame: AudioFrame): Promise<void> {
    this.#work = this.#work
      .then(() => this.#hear(frame))
      .catch((error: unknown) => {
        this.logger.error({ error }, 'the VAD failed');
      });
    return this.#work;
  }

  async #hear(frame: AudioFrame): Promise<void> {
    if (this.#inputRate === 0) {
      this.#inputRate = frame.sampleRate;
      this.#openResampler();
    } else if (frame.sampleRate !== this.#inputRate) {
      this.logger.error('a frame with a different sample rate was already pushed');
      return;
    }
    this.#heard = joined(this.#heard, frame.data);
    if (this.#resampler === undefined) this.#samples = joined(this.#samples, frame.data);
    else
      for (const part of this.#resampler.push(frame))
        this.#samples = joined(this.#samples, part.data);
    while (!this.closed && this.#samples.length >= this.#windowSamples) await this.#window();
  }

  /** Judges the next window. */
  async #window(): Promise<void> {
    const startedAt = performance.now();
    const window = this.#samples.subarray(0, this.#windowSamples);
    const probability = await this.#model.predict(window);
    const copy = this.#windowSamples * (this.#inputRate / MODEL_RATE) + this.#copyRest;
    const copied = Math.trunc(copy);
    this.#copyRest = copy - copied;
    const heard = this.#heard.subarray(0, copied);
    this.#heard = this.#heard.subarray(copied);
    this.#samples = this.#samples.subarray(this.#windowSamples);
    this.#remember(heard);
    const inferenceDuration = performance.now() - startedAt;
    if (inferenceDuration > SLOW_INFERENCE_MS)
      this.logger.warn({ inferenceDuration }, 'VAD inference is slower than realtime');
    this.#inferenceMs += Math.round(inferenceDuration);
    this.#activeAt = performance.now();
    this.#judge(probability, inferenceDuration, heard);
  }

  #judge(probability: number, inferenceDuration: number, heard: Int16Array): void {
    const { activationThreshold, deactivationThreshold, minSpeechDuration, minSilenceDuration } =
      this.#options();
    const state = this.#state;
    state.samples += this.#windowSamples;
    state.timestamp += this.#windowMs;
    if (state.speaking) state.speechMs += this.#windowMs;
    else state.silenceMs += this.#windowMs;
    const send = (type: VADEventType, changes: Partial<VADEvent>) =>
      this.sendVADEvent({
        type,
        samplesIndex: state.samples,
        timestamp: state.timestamp,
        silenceDuration: state.silenceMs,
        speechDuration: state.speechMs,
        probability,
        inferenceDuration,
        frames: [],
        speaking: state.speaking,
        rawAccumulatedSilence: 0,
        rawAccumulatedSpeech: 0,
        ...changes,
      });

    // Of windows without speech the session does nothing once it was told of one.
    const quiet = !state.speaking && state.rawSpeechMs === 0;
    if (!quiet || !this.#toldSilence)
      send(VADEventType.INFERENCE_DONE, {
        frames: [this.#frame(heard)],
        rawAccumulatedSilence: state.rawSilenceMs,
        rawAccumulatedSpeech: state.rawSpeechMs,
      });
    this.#toldSilence = quiet;

    if (
      probability >= activationThreshold ||
      (state.speaking && probability > deactivationThreshold)
    ) {
      state.rawSpeechMs += this.#windowMs;
      state.rawSilenceMs = 0;
      if (state.speaking || state.rawSpeechMs < minSpeechDuration) return;
      state.speaking = true;
      state.silenceMs = 0;
      state.speechMs = state.rawSpeechMs;
      send(VADEventType.START_OF_SPEECH, { frames: [this.#frame(this.#speech.toSamples())] });
      this.#count();
      return;
    }
    state.rawSilenceMs += this.#windowMs;
    state.rawSpeechMs = 0;
    if (!state.speaking) return this.#forget();
    if (state.rawSilenceMs < minSilenceDuration) return;
    state.speaking = false;
    state.silenceMs = state.rawSilenceMs;
    send(VADEventType.END_OF_SPEECH, {
      speechDuration: Math.max(0, state.speechMs - state.rawSilenceMs),
      frames: [this.#frame(this.#speech.toSamples())],
    });
    state.speechMs = 0;
    this.#forget();
  }

  #remember(heard: Int16Array): void {
    const most = this.#inSamples(this.#options().maxBufferedSpeech) + this.#prefixSamples();
    if (this.#speech.add(heard, most) || this.#toldFull) return;
    this.#toldFull = true;
    this.logger.warn(
      'maxBufferedSpeech reached, ignoring further data for the current speech input',
    );
  }

  /** All but what an utterance that begins now would begin with. */
  #forget(): void {
    this.#speech.keepLast(this.#prefixSamples());
    this.#toldFull = false;
  }

  #reset(): void {
    this.#model.reset();
    this.#speech.clear();
    this.#heard = new Int16Array();
    this.#samples = new Int16Array();
    this.#copyRest = 0;
    this.#state = silence();
    this.#toldFull = false;
    this.#toldSilence = false;
    if (this.#inputRate !== 0) this.#openResampler();
  }

  #openResampler(): void {
    this.#resampler?.close();
    this.#resampler =
      this.#inputRate === MODEL_RATE
        ? undefined
        : new AudioResampler(this.#inputRate, MODEL_RATE, 1, AudioResamplerQuality.QUICK);
  }

  #count(): void {
    this.#utterances += 1;
    if (this.#utterances < 1_000 / this.vad.capabilities.updateInterval) return;
    this.vad.emit('metrics_collected', {
      type: 'vad_metrics',
      timestamp: Date.now(),
      idleTimeMs: Math.trunc(performance.now() - this.#activeAt),
      inferenceDurationTotalMs: this.#inferenceMs,
      inferenceCount: this.#utterances,
      label: this.vad.label,
    });
    this.#utterances = 0;
    this.#inferenceMs = 0;
  }

  #frame(samples: Int16Array): AudioFrame {
    return new AudioFrame(samples, this.#inputRate, 1, samples.length);
  }

  #prefixSamples(): number {
    return this.#inSamples(this.#options().prefixPaddingDuration);
  }

  #inSamples(ms: number): number {
    return Math.trunc((ms * this.#inputRate) / 1_000);
  }

  #assertOpen(): void {
    if (this.inputClosed) throw new Error('Input is closed');
    if (this.closed) throw new Error('Stream is closed');
  }
}

/** What has been heard so far, durations in milliseconds. */
function silence() {
  return {
    speaking: false,
    speechMs: 0,
    silenceMs: 0,
    samples: 0,
    timestamp: 0,
    rawSpeechMs: 0,
    rawSilenceMs: 0,
  };
}

/** Without a copy where one of them is empty, which with frames of one window it always is. */
function joined(first: Int16Array, second: Int16Array): Int16Array {
  if (first.length === 0) return second;
  const all = new Int16Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}

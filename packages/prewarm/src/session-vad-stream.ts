import { type VADEvent, VADEventType, VADStream, type inference } from '@livekit/agents';
import { AudioFrame } from '@livekit/rtc-node';
import type { ReadableStream, ReadableStreamDefaultReader } from 'node:stream/web';

import type { LocalInference } from './local-inference.js';
import { SpeechBuffer } from './speech-buffer.js';
import { SpeechState } from './speech-state.js';
import { MODEL_RATE, VadWindows } from './vad-windows.js';

const SLOW_INFERENCE_MS = 200;

type Options = inference.VADOptions;
type Model = ReturnType<LocalInference['createVad']>;

/** The stream of a session's VAD, without the web streams of the SDK's own. */
export class SessionVadStream extends VADStream {
  readonly #model: Model;
  readonly #windowSamples: number;
  readonly #windows: VadWindows;
  readonly #windowMs: number;
  readonly #options: () => Options;
  readonly #events: VADEvent[] = [];
  readonly #waiting: ((result: IteratorResult<VADEvent>) => void)[] = [];
  readonly #speech = new SpeechBuffer();
  #source: ReadableStreamDefaultReader<AudioFrame> | undefined;
  /** Frames are processed one after the other, whatever their source. */
  #work: Promise<void> = Promise.resolve();
  #state = new SpeechState();
  #warnedFull = false;
  #sentSilence = false;
  // For the SDK's metrics: it counts utterances, and reports every 32nd.
  #utterances = 0;
  #inferenceMs = 0;
  #activeAt = 0;

  /** @param options - the current options, which may change during the stream */
  constructor(vad: inference.VAD, local: LocalInference, options: () => Options) {
    super(vad);
    this.#model = local.createVad();
    this.#windowSamples = local.VAD_WINDOW_SAMPLES;
    this.#windows = new VadWindows(this.#windowSamples);
    this.#windowMs = (this.#windowSamples / MODEL_RATE) * 1_000;
    this.#options = options;
  }

  /** Reads the audio of the call. Throws if there is an input already. */
  override updateInputStream(audio: ReadableStream<AudioFrame>): void {
    if (this.#source !== undefined) throw new Error('Stream source already set');
    const source = audio.getReader();
    this.#source = source;
    void this.#listen(source);
  }

  /** Stops reading. */
  override detachInputStream(): void {
    this.#source?.releaseLock();
    this.#source = undefined;
  }

  /** Adds one frame. Throws if the input or the stream is closed. */
  override pushFrame(frame: AudioFrame): void {
    this.#assertOpen();
    void this.#enqueue(frame);
  }

  /** Forgets the speech so far. Throws if the input or the stream is closed. */
  override flush(): void {
    this.#assertOpen();
    this.#work = this.#work.then(() => this.#reset());
  }

  /** Accepts no more audio. Throws if the input or the stream is closed. */
  override endInput(): void {
    this.#assertOpen();
    this.inputClosed = true;
  }

  /** The next event; done once the stream is closed. */
  override next(): Promise<IteratorResult<VADEvent>> {
    const event = this.#events.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.closed) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Ends the stream and drops the waiting events. */
  override close(): void {
    super.close();
    this.#events.length = 0;
    for (const resolve of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
    void this.#work.then(() => this.#windows.close());
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
        await this.#enqueue(value);
      }
    } catch (error) {
      // Not an error if the SDK has detached the input, as it does during a handoff.
      if (this.#source === source) this.logger.error({ error }, 'the VAD could not read its audio');
    }
  }

  #enqueue(frame: AudioFrame): Promise<void> {
    this.#work = this.#work
      .then(() => this.#process(frame))
      .catch((error: unknown) => {
        this.logger.error({ error }, 'the VAD failed');
      });
    return this.#work;
  }

  async #process(frame: AudioFrame): Promise<void> {
    if (!this.#windows.push(frame)) {
      this.logger.error('a frame with a different sample rate was already pushed');
      return;
    }
    for (
      let next = this.#windows.next;
      next !== undefined && !this.closed;
      next = this.#windows.next
    )
      await this.#judgeWindow(next);
  }

  async #judgeWindow(window: Int16Array): Promise<void> {
    const startedAt = performance.now();
    const probability = await this.#model.predict(window);
    const heard = this.#windows.take();
    this.#remember(heard);
    const inferenceDuration = performance.now() - startedAt;
    if (inferenceDuration > SLOW_INFERENCE_MS)
      this.logger.warn({ inferenceDuration }, 'VAD inference is slower than realtime');
    this.#inferenceMs += Math.round(inferenceDuration);
    this.#activeAt = performance.now();
    this.#judge(probability, inferenceDuration, heard);
  }

  #judge(probability: number, inferenceDuration: number, heard: Int16Array): void {
    const options = this.#options();
    const state = this.#state;
    state.advance(this.#windowSamples, this.#windowMs);
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

    // After one window of silence, the session does nothing with further ones.
    if (!state.quiet || !this.#sentSilence)
      send(VADEventType.INFERENCE_DONE, {
        frames: [this.#frame(heard)],
        rawAccumulatedSilence: state.rawSilenceMs,
        rawAccumulatedSpeech: state.rawSpeechMs,
      });
    this.#sentSilence = state.quiet;

    const change = state.judge(probability, this.#windowMs, options);
    if (change?.kind === 'started') {
      send(VADEventType.START_OF_SPEECH, { frames: [this.#frame(this.#speech.toSamples())] });
      this.#count();
    } else if (change?.kind === 'ended') {
      send(VADEventType.END_OF_SPEECH, {
        speechDuration: change.speechMs,
        frames: [this.#frame(this.#speech.toSamples())],
      });
      state.speechMs = 0;
    }
    // Silence: `speaking` is false and no window is above the threshold.
    if (state.quiet) this.#forget();
  }

  #remember(heard: Int16Array): void {
    const max = this.#inSamples(this.#options().maxBufferedSpeech) + this.#prefixSamples();
    if (this.#speech.add(heard, max) || this.#warnedFull) return;
    this.#warnedFull = true;
    this.logger.warn(
      'maxBufferedSpeech reached, ignoring further data for the current speech input',
    );
  }

  /** Keeps only the audio that precedes the next utterance. */
  #forget(): void {
    this.#speech.keepLast(this.#prefixSamples());
    this.#warnedFull = false;
  }

  #reset(): void {
    this.#model.reset();
    this.#speech.clear();
    this.#windows.reset();
    this.#state = new SpeechState();
    this.#warnedFull = false;
    this.#sentSilence = false;
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
    return new AudioFrame(samples, this.#windows.rate, 1, samples.length);
  }

  #prefixSamples(): number {
    return this.#inSamples(this.#options().prefixPaddingDuration);
  }

  #inSamples(ms: number): number {
    return Math.trunc((ms * this.#windows.rate) / 1_000);
  }

  #assertOpen(): void {
    if (this.inputClosed) throw new Error('Input is closed');
    if (this.closed) throw new Error('Stream is closed');
  }
}

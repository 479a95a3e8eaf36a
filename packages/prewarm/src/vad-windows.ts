import { type AudioFrame, AudioResampler, AudioResamplerQuality } from '@livekit/rtc-node';

/** The sample rate of the model, in Hz. */
export const MODEL_RATE = 16_000;

/** Cuts incoming audio into windows for the model, and keeps the same audio at its original rate. */
export class VadWindows {
  readonly #windowSamples: number;
  #rate = 0;
  #resampler: AudioResampler | undefined;
  /** Audio that was not judged yet: at its original rate, and at the rate of the model. */
  #original: Int16Array = new Int16Array();
  #samples: Int16Array = new Int16Array();
  /** The fraction of a sample that the windows so far have left at the original rate. */
  #fraction = 0;

  /** @param windowSamples - samples of a window at the rate of the model */
  constructor(windowSamples: number) {
    this.#windowSamples = windowSamples;
  }

  /** The sample rate of the incoming audio in Hz; 0 before the first frame. */
  get rate(): number {
    return this.#rate;
  }

  /** Adds a frame. False if its rate differs from that of the first frame, and nothing was added. */
  push(frame: AudioFrame): boolean {
    if (this.#rate === 0) {
      this.#rate = frame.sampleRate;
      this.#openResampler();
    } else if (frame.sampleRate !== this.#rate) {
      return false;
    }
    this.#original = joined(this.#original, frame.data);
    if (this.#resampler === undefined) this.#samples = joined(this.#samples, frame.data);
    else
      for (const part of this.#resampler.push(frame))
        this.#samples = joined(this.#samples, part.data);
    return true;
  }

  /** The next window at the rate of the model; undefined until there is enough audio. */
  get next(): Int16Array | undefined {
    return this.#samples.length >= this.#windowSamples
      ? this.#samples.subarray(0, this.#windowSamples)
      : undefined;
  }

  /** Removes the next window and returns its audio at the original rate. */
  take(): Int16Array {
    const exact = this.#windowSamples * (this.#rate / MODEL_RATE) + this.#fraction;
    const count = Math.trunc(exact);
    this.#fraction = exact - count;
    const original = this.#original.subarray(0, count);
    this.#original = this.#original.subarray(count);
    this.#samples = this.#samples.subarray(this.#windowSamples);
    return original;
  }

  /** Drops the audio that was not judged yet. */
  reset(): void {
    this.#original = new Int16Array();
    this.#samples = new Int16Array();
    this.#fraction = 0;
    if (this.#rate !== 0) this.#openResampler();
  }

  /** Frees the resampler. */
  close(): void {
    this.#resampler?.close();
  }

  #openResampler(): void {
    this.#resampler?.close();
    this.#resampler =
      this.#rate === MODEL_RATE
        ? undefined
        : new AudioResampler(this.#rate, MODEL_RATE, 1, AudioResamplerQuality.QUICK);
  }
}

/** Concatenates. Does not copy if one of them is empty, which is always so with frames of one window. */
function joined(first: Int16Array, second: Int16Array): Int16Array {
  if (first.length === 0) return second;
  const all = new Int16Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}

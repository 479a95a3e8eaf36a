import type { AudioReport, AudioSegment, SampleGaps } from './audio-report.js';
import { nowMs, SAMPLES_PER_MS } from './format.js';
import { GapWatch } from './gap-watch.js';
import { ToneDetector } from './tone-detector.js';

const WINDOW_MS = 10;
const WINDOW_SAMPLES = WINDOW_MS * SAMPLES_PER_MS;
/** About -46 dB of full scale: above comfort noise and coding noise, far below speech. */
const LOUD_RMS = 164;
/** Longer than the pauses within a sentence, shorter than the other side's turn. */
const SEGMENT_SPLIT_MS = 500;

interface OpenSegment extends Omit<AudioSegment, 'dominantHz' | 'tones'> {
  detector: ToneDetector;
}

/** Measures received audio by counting its samples, in windows of 10 ms. */
export class AudioMeter {
  readonly #window = new Int16Array(WINDOW_SAMPLES);
  #filled = 0;
  #samples = 0;
  #frames = 0;
  #firstAtMs = 0;
  #lastAtMs = 0;
  #heardMs = 0;
  #silentMs = 0;
  readonly #segments: OpenSegment[] = [];
  #open: OpenSegment | undefined;
  #watch: GapWatch | undefined;

  /** Sound heard so far. */
  get heardMs(): number {
    return this.#heardMs;
  }

  /** Takes the next frame and the time of its arrival. */
  push(samples: Int16Array, arrivedAtMs: number): void {
    if (this.#frames++ === 0) this.#firstAtMs = arrivedAtMs;
    this.#lastAtMs = arrivedAtMs;
    for (let at = 0; at < samples.length;) {
      const part = samples.subarray(at, at + WINDOW_SAMPLES - this.#filled);
      this.#window.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled < WINDOW_SAMPLES) return;
      this.#filled = 0;
      this.#samples += WINDOW_SAMPLES;
      this.#takeWindow(arrivedAtMs - (samples.length - at) / SAMPLES_PER_MS);
    }
  }

  /** Starts a new track: its sound does not continue that of the last one. */
  startTrack(): void {
    this.#filled = 0;
    this.#open = undefined;
  }

  /** Everything heard so far. */
  report(): AudioReport {
    const segments = this.#segments.map(closed);
    return {
      heardMs: this.#heardMs,
      segments,
      longestGapMs: Math.max(0, ...segments.map(({ longestGapMs }) => longestGapMs)),
      frames: this.#frames,
      receivedMs: this.#samples / SAMPLES_PER_MS,
      wallMs: this.#lastAtMs - this.#firstAtMs,
    };
  }

  /** Starts to watch for gaps: from now on the audio should be continuous. */
  startGapWatch(): void {
    this.#watch = new GapWatch(nowMs(), WINDOW_MS);
  }

  /** Ends the watch. `settle` waits for frames on their way, to tell late audio from missing audio. */
  async stopGapWatch(settle: () => Promise<unknown>): Promise<SampleGaps> {
    const watch = this.#watch;
    if (!watch) throw new Error('stopGapWatch() was called without startGapWatch().');
    const stoppedAtMs = nowMs();
    await settle();
    if (this.#watch === watch) this.#watch = undefined;
    return watch.report(stoppedAtMs);
  }

  #takeWindow(endedAtMs: number): void {
    const loud = rms(this.#window) >= LOUD_RMS;
    this.#watch?.push({ endedAtMs, loud });
    if (loud) this.#takeLoud(endedAtMs);
    else this.#takeSilent();
  }

  #takeLoud(endedAtMs: number): void {
    this.#heardMs += WINDOW_MS;
    const segment = (this.#open ??= this.#openSegment(endedAtMs - WINDOW_MS));
    segment.longestGapMs = Math.max(segment.longestGapMs, this.#silentMs);
    segment.endSample = this.#samples;
    segment.endedAtMs = endedAtMs;
    segment.heardMs += WINDOW_MS;
    segment.detector.push(this.#window);
    this.#silentMs = 0;
  }

  #takeSilent(): void {
    if (!this.#open) return;
    this.#open.detector.cut();
    this.#silentMs += WINDOW_MS;
    if (this.#silentMs >= SEGMENT_SPLIT_MS) this.#open = undefined;
  }

  #openSegment(startedAtMs: number): OpenSegment {
    this.#silentMs = 0;
    const startSample = this.#samples - WINDOW_SAMPLES;
    const detector = new ToneDetector();
    const segment = {
      startSample,
      endSample: startSample,
      startedAtMs,
      endedAtMs: startedAtMs,
      heardMs: 0,
      longestGapMs: 0,
      detector,
    };
    this.#segments.push(segment);
    return segment;
  }
}

function closed({ detector, ...segment }: OpenSegment): AudioSegment {
  const tones = detector.tones();
  return { ...segment, dominantHz: tones[0]?.hz ?? null, tones };
}

function rms(samples: Int16Array): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += (samples[i] ?? 0) ** 2;
  return Math.sqrt(sum / samples.length);
}

import type { AudioFrame } from '@livekit/rtc-node';

/** The start or the end of speech. */
export interface GateEvent {
  /** Whether speech starts or ends. */
  readonly kind: 'start' | 'end';
  /** The position in the audio so far, in milliseconds. */
  readonly atMs: number;
}

// Root mean square of int16 samples: above a quiet line's noise (about 50), below soft speech.
const SPEECH_RMS = 300;
// Shorter bursts are clicks, longer silences are the end of an utterance.
const MIN_SPEECH_MS = 100;
const MIN_SILENCE_MS = 300;
// The level is measured per slice, so that the length of frames does not matter.
const SLICE_MS = 10;

/**
 * Detects speech in int16 audio by its level. Time is counted in samples, not by a clock, so audio that is faster than
 * real time gives the same result.
 */
export class EnergyGate {
  #speaking = false;
  /** Milliseconds of audio in a row that are on the other side of the threshold. */
  #oppositeMs = 0;
  #elapsedMs = 0;

  /** Adds a frame and returns the changes in it, in order. */
  push(frame: AudioFrame): GateEvent[] {
    const events: GateEvent[] = [];
    const slice = Math.max(1, Math.round((frame.sampleRate * SLICE_MS) / 1000)) * frame.channels;
    for (let at = 0; at < frame.data.length; at += slice) {
      const samples = frame.data.subarray(at, at + slice);
      const ms = (samples.length / frame.channels / frame.sampleRate) * 1000;
      const event = this.#slice(rmsOf(samples) >= SPEECH_RMS, ms);
      if (event !== undefined) {
        events.push(event);
      }
    }
    return events;
  }

  #slice(loud: boolean, ms: number): GateEvent | undefined {
    this.#elapsedMs += ms;
    if (loud === this.#speaking) {
      this.#oppositeMs = 0;
      return undefined;
    }
    this.#oppositeMs += ms;
    // Half a slice of tolerance: 10 slices of 44.1 kHz audio are not exactly 100 ms.
    if (this.#oppositeMs + SLICE_MS / 2 < (loud ? MIN_SPEECH_MS : MIN_SILENCE_MS)) {
      return undefined;
    }
    const atMs = this.#elapsedMs - this.#oppositeMs;
    this.#speaking = loud;
    this.#oppositeMs = 0;
    return { kind: loud ? 'start' : 'end', atMs };
  }
}

function rmsOf(samples: Int16Array): number {
  let sum = 0;
  for (const sample of samples) {
    sum += sample * sample;
  }
  return Math.sqrt(sum / Math.max(1, samples.length));
}

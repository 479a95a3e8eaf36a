import { SAMPLE_RATE } from './format.js';

/** Two samples are merged into one: 8 kHz is enough for tones up to 2 kHz, with half the work. */
const RATE = SAMPLE_RATE / 2;
/** 100 ms: bins of 10 Hz, which separate tones that differ by 50 Hz or more. */
const BLOCK_SAMPLES = RATE / 10;
const BLOCK_MS = (BLOCK_SAMPLES * 1000) / RATE;
const BIN_HZ = RATE / BLOCK_SAMPLES;
const LOWEST_HZ = 100;
const HIGHEST_HZ = 2_000;
/** A second tone counts if it has at least a tenth of the power of the first one (-10 dB). */
const SECOND_TONE_SHARE = 0.1;
/** Speech has dozens of frequencies; the first few are enough. */
const REPORTED_TONES = 8;
/** Bins this close to a louder bin belong to its tone. */
const SKIRT_BINS = 4;

/** How long a frequency was heard. */
export interface HeardTone {
  hz: number;
  ms: number;
}

const window = Float64Array.from(
  { length: BLOCK_SAMPLES },
  (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / BLOCK_SAMPLES),
);
const BIN_COUNT = (HIGHEST_HZ - LOWEST_HZ) / BIN_HZ + 1;
const coefficients = Float64Array.from(
  { length: BIN_COUNT },
  (_, i) => 2 * Math.cos((2 * Math.PI * (LOWEST_HZ + i * BIN_HZ)) / RATE),
);

/**
 * Finds constant tones in audio with Goertzel filters from 100 to 2000 Hz over blocks of 100 ms. Two tones at the same
 * time are both reported, so the voice of one agent in another agent's call is noticed.
 */
export class ToneDetector {
  readonly #block = new Float64Array(BLOCK_SAMPLES);
  readonly #msByHz = new Map<number, number>();
  #filled = 0;

  /** Takes the next samples, an even number of them. */
  push(samples: Int16Array): void {
    for (let i = 0; i + 1 < samples.length; i += 2) {
      const sample = ((samples[i] ?? 0) + (samples[i + 1] ?? 0)) / 2;
      this.#block[this.#filled] = sample * (window[this.#filled] ?? 0);
      if (++this.#filled === BLOCK_SAMPLES) this.#analyse();
    }
  }

  /** Drops the current block: the next samples do not continue it. */
  cut(): void {
    this.#filled = 0;
  }

  /** The frequencies heard longest, longest first. */
  tones(): HeardTone[] {
    const tones = [...this.#msByHz].map(([hz, ms]) => ({ hz, ms }));
    return tones.toSorted((a, b) => b.ms - a.ms).slice(0, REPORTED_TONES);
  }

  #analyse(): void {
    this.#filled = 0;
    for (const hz of peaks(powers(this.#block))) {
      this.#msByHz.set(hz, (this.#msByHz.get(hz) ?? 0) + BLOCK_MS);
    }
  }
}

/** The hot loop with many callers. It uses indices, because iterators over typed arrays cost ten times as much. */
function powers(block: Float64Array): Float64Array {
  const power = new Float64Array(BIN_COUNT);
  for (let bin = 0; bin < BIN_COUNT; bin++) {
    const coefficient = coefficients[bin] ?? 0;
    let before = 0;
    let last = 0;
    for (let i = 0; i < BLOCK_SAMPLES; i++) {
      const next = (block[i] ?? 0) + coefficient * last - before;
      before = last;
      last = next;
    }
    power[bin] = last * last + before * before - coefficient * last * before;
  }
  return power;
}

/** Frequencies of the bins that are louder than their neighbours and not much softer than the loudest bin. */
function peaks(power: Float64Array): number[] {
  const loudest = Math.max(...power);
  const found: number[] = [];
  power.forEach((value, bin) => {
    if (value < loudest * SECOND_TONE_SHARE) return;
    const neighbours = power.subarray(Math.max(0, bin - SKIRT_BINS), bin + SKIRT_BINS + 1);
    if (value === Math.max(...neighbours)) found.push(LOWEST_HZ + bin * BIN_HZ);
  });
  return found;
}

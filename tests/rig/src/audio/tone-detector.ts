import { SAMPLE_RATE } from './format.js';

/** 100 ms: bins of 10 Hz keep apart agents whose tones differ by 50 Hz or more. */
const BLOCK_SAMPLES = SAMPLE_RATE / 10;
const BIN_HZ = SAMPLE_RATE / BLOCK_SAMPLES;
const LOWEST_HZ = 100;
const HIGHEST_HZ = 2_000;
/** A second tone counts from a tenth of the power of the first one (-10 dB). */
const SECOND_TONE_SHARE = 0.1;
/** Neighbours this near to a louder bin are its skirt. */
const SKIRT_BINS = 4;

/** How long a frequency was heard. */
export interface HeardTone {
  hz: number;
  ms: number;
}

const window = Float64Array.from({ length: BLOCK_SAMPLES }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / BLOCK_SAMPLES));
const binCount = (HIGHEST_HZ - LOWEST_HZ) / BIN_HZ + 1;
const coefficients = Float64Array.from({ length: binCount }, (_, i) => 2 * Math.cos((2 * Math.PI * (LOWEST_HZ + i * BIN_HZ)) / SAMPLE_RATE));

/**
 * Tells which constant tones are in audio, by a bank of Goertzel filters from 100 to 2000 Hz over blocks of 100 ms.
 * Two tones at once are both reported, so that the voice of one agent in the call of another shows.
 */
export class ToneDetector {
  readonly #block = new Float64Array(BLOCK_SAMPLES);
  readonly #msByHz = new Map<number, number>();
  #filled = 0;

  /** Takes the samples that follow. */
  push(samples: Int16Array): void {
    for (const sample of samples) {
      this.#block[this.#filled++] = sample;
      if (this.#filled === BLOCK_SAMPLES) this.#analyse();
    }
  }

  /** The sound was cut: a block does not bridge what was left out. */
  cut(): void {
    this.#filled = 0;
  }

  /** Every frequency heard, the longest first. */
  tones(): HeardTone[] {
    return [...this.#msByHz].map(([hz, ms]) => ({ hz, ms })).toSorted((a, b) => b.ms - a.ms);
  }

  #analyse(): void {
    this.#filled = 0;
    for (const hz of peaks(powers(this.#block))) {
      this.#msByHz.set(hz, (this.#msByHz.get(hz) ?? 0) + (BLOCK_SAMPLES * 1000) / SAMPLE_RATE);
    }
  }
}

function powers(block: Float64Array): Float64Array {
  const windowed = block.map((sample, i) => sample * (window[i] ?? 0));
  return coefficients.map((coefficient) => {
    let [before, last] = [0, 0];
    for (const sample of windowed) {
      const next = sample + coefficient * last - before;
      before = last;
      last = next;
    }
    return last * last + before * before - coefficient * last * before;
  });
}

/** Frequencies of the bins that are the loudest of their neighbourhood and not much softer than the loudest of all. */
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

import { SAMPLE_RATE, SAMPLES_PER_MS } from './format.js';

/** Fade-in and fade-out, so that a tone does not click. */
const FADE_SAMPLES = 10 * SAMPLES_PER_MS;

/** A sine wave; `level` is its peak from 0 to 1, default 0.3. */
export function tone(hz: number, durationMs: number, level = 0.3): Int16Array {
  const samples = new Int16Array(Math.round(durationMs * SAMPLES_PER_MS));
  for (let i = 0; i < samples.length; i++) {
    const fade = Math.min(1, i / FADE_SAMPLES, (samples.length - 1 - i) / FADE_SAMPLES);
    samples[i] = Math.round(32_767 * level * fade * Math.sin((2 * Math.PI * hz * i) / SAMPLE_RATE));
  }
  return samples;
}

/** The sample rate of everything that callers say and hear. */
export const SAMPLE_RATE = 16_000;

/** Samples in a millisecond. */
export const SAMPLES_PER_MS = SAMPLE_RATE / 1000;

/** Milliseconds since the epoch, with fractions; comparable between processes of one machine. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** The one sample rate of the rig, for what callers say and for what they hear. */
export const SAMPLE_RATE = 16_000;

/** Samples in a millisecond. */
export const SAMPLES_PER_MS = SAMPLE_RATE / 1000;

/** Milliseconds since the epoch with fractions, comparable between the processes of one machine. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

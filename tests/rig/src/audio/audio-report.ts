import type { HeardTone } from './tone-detector.js';

/** One stretch of sound; silences of up to half a second do not end it. */
export interface AudioSegment {
  /** Counted in samples of 16 kHz from the first one received. */
  startSample: number;
  endSample: number;
  /** When the first sound of it arrived, in milliseconds since the epoch. */
  startedAtMs: number;
  endedAtMs: number;
  /** Sound without the silences inside. */
  heardMs: number;
  /** The longest silence inside. */
  longestGapMs: number;
  /** The frequency heard longest, in steps of 10 Hz; null when nothing lasted for 100 ms. */
  dominantHz: number | null;
  /** The frequencies heard longest, at most eight, the longest first; a constant tone is one entry, speech is many. */
  tones: HeardTone[];
}

/** What a caller has heard of the agent so far. */
export interface AudioReport {
  heardMs: number;
  segments: AudioSegment[];
  /** The longest silence inside a segment. */
  longestGapMs: number;
  /** Frames of audio received, sound or silence. */
  frames: number;
  /** Their samples, in milliseconds. */
  receivedMs: number;
  /** From the arrival of the first frame to that of the last one, by the wall clock. */
  wallMs: number;
}

/** Gaps in the received samples between the start and the stop of a watch, in whole milliseconds. */
export interface SampleGaps {
  /** The longest run of silence and of missing samples together, to within about 20 ms. */
  longestGapMs: number;
  /** Every such run of 50 ms or more. */
  gaps: { atMs: number; ms: number }[];
  heardMs: number;
  /** Samples that never came, in milliseconds. */
  missingMs: number;
  /** From start to stop, by the wall clock. */
  watchedMs: number;
}

/** Everything a gap watch saw between its start and its stop, in whole milliseconds. */
export interface GapReport extends SampleGaps {
  /** The longest gap of either kind: of silent or missing samples, or of samples the receiver made up. */
  longestGapMs: number;
  /** The longest run of samples the receiver made up because no packet came; it hides them well in a constant tone. */
  longestConcealedMs: number;
  /** All samples the receiver made up. */
  concealedMs: number;
}

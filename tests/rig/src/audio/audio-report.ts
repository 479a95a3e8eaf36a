import type { HeardTone } from './tone-detector.js';

/** A segment of sound; silence of up to half a second does not end it. */
export interface AudioSegment {
  /** Position in samples of 16 kHz, counted from the first one received. */
  startSample: number;
  endSample: number;
  /** When its first sound arrived, in milliseconds since the epoch. */
  startedAtMs: number;
  endedAtMs: number;
  /** Length of the sound without silence. */
  heardMs: number;
  /** The longest silence within the segment. */
  longestGapMs: number;
  /** The frequency heard longest, in steps of 10 Hz; null when none lasted for 100 ms. */
  dominantHz: number | null;
  /** The frequencies heard longest, at most eight, longest first. A constant tone has one entry, speech has many. */
  tones: HeardTone[];
}

/** The agent's audio as a caller has heard it so far. */
export interface AudioReport {
  heardMs: number;
  segments: AudioSegment[];
  /** The longest silence within a segment. */
  longestGapMs: number;
  /** Frames of audio received, sound or silence. */
  frames: number;
  /** Length of all frames, in milliseconds. */
  receivedMs: number;
  /** From the arrival of the first frame to that of the last one, by the wall clock. */
  wallMs: number;
}

/** Gaps in the received samples between the start and the stop of a watch, in whole milliseconds. */
export interface SampleGaps {
  /** The longest run of silence and missing samples together, accurate to about 20 ms. */
  longestGapMs: number;
  /** Every such run of 50 ms or more. */
  gaps: { atMs: number; ms: number }[];
  heardMs: number;
  /** Samples that never came, in milliseconds. */
  missingMs: number;
  /** From start to stop, by the wall clock. */
  watchedMs: number;
}

/** All gaps between the start and the stop of a watch, in whole milliseconds. */
export interface GapReport extends SampleGaps {
  /** The longest gap of either kind: silent or missing samples, or samples that the receiver made up. */
  longestGapMs: number;
  /** The longest run of samples that the receiver made up for missing packets; in a constant tone they are inaudible. */
  longestConcealedMs: number;
  /** All samples that the receiver made up. */
  concealedMs: number;
}

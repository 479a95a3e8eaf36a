import type { SampleGaps } from './audio-report.js';

/** Shorter silence is part of the sound: a window of 10 ms at a zero crossing, or jitter. */
const REPORTED_GAP_MS = 50;

/** A window of received audio; all windows have the same length. */
export interface HeardWindow {
  /** When its last sample arrived. */
  endedAtMs: number;
  loud: boolean;
}

/**
 * Finds gaps in audio that should be continuous. It counts samples: a frame that is only late is not a gap, because a
 * listener's buffer would hide it.
 *
 * Missing samples show against the wall clock. The lag of a window is its arrival time less the length of all windows
 * up to it. Late frames raise the lag, and it falls again when they catch up. So audio is missing only where the lag
 * rises and never falls again: where the smallest lag from this window on is above that of the window before.
 */
export class GapWatch {
  readonly #startedAtMs: number;
  readonly #windowMs: number;
  readonly #windows: HeardWindow[] = [];

  constructor(startedAtMs: number, windowMs: number) {
    this.#startedAtMs = startedAtMs;
    this.#windowMs = windowMs;
  }

  /** Takes the next window. */
  push(window: HeardWindow): void {
    this.#windows.push(window);
  }

  /**
   * The result up to `stoppedAtMs`. Later windows only decide what was late and what is missing, so call this a little
   * after the stop.
   */
  report(stoppedAtMs: number): SampleGaps {
    const settledLags = this.#settledLags();
    const gaps: { atMs: number; ms: number }[] = [];
    let [run, longestGapMs, heardMs, missingMs] = [0, 0, 0, 0];
    let [lag, position] = [this.#startedAtMs, this.#startedAtMs];
    const miss = (ms: number): void => {
      run += ms;
      missingMs += ms;
      position += ms;
    };
    const endRun = (): void => {
      if (run >= REPORTED_GAP_MS)
        gaps.push({ atMs: Math.round(position - run), ms: Math.round(run) });
      longestGapMs = Math.max(longestGapMs, run);
      run = 0;
    };
    for (const [index, { loud }] of this.#windows.entries()) {
      const settled = settledLags[index] ?? lag;
      if (settled > lag) miss(Math.min(settled - lag, stoppedAtMs - position));
      lag = settled;
      if (position + this.#windowMs > stoppedAtMs) break;
      if (loud) {
        endRun();
        heardMs += this.#windowMs;
      } else {
        run += this.#windowMs;
      }
      position += this.#windowMs;
    }
    // When no audio is missing at the end, less than a window is left.
    if (stoppedAtMs - position >= this.#windowMs) miss(stoppedAtMs - position);
    endRun();
    const watchedMs = Math.round(stoppedAtMs - this.#startedAtMs);
    return {
      longestGapMs: Math.round(longestGapMs),
      gaps,
      heardMs,
      missingMs: Math.round(missingMs),
      watchedMs,
    };
  }

  #settledLags(): number[] {
    const lags = this.#windows.map(
      ({ endedAtMs }, index) => endedAtMs - (index + 1) * this.#windowMs,
    );
    for (let i = lags.length - 2; i >= 0; i--) lags[i] = Math.min(lags[i] ?? 0, lags[i + 1] ?? 0);
    return lags;
  }
}

import type { SampleGaps } from './audio-report.js';

/** Shorter silences belong to the sound: 10 ms windows at a zero crossing, a jittery frame. */
const REPORTED_GAP_MS = 50;

/** A stretch of received audio of one length. */
export interface HeardWindow {
  /** When its last sample arrived. */
  endedAtMs: number;
  loud: boolean;
}

/**
 * Looks for gaps in audio that a test says is continuous. It counts samples: a frame that comes late and is followed
 * by the others is no gap, since a listener's buffer would have hidden it.
 *
 * Missing samples are found against the wall clock. The lag of a window is its arrival less the duration of all
 * windows up to it. Late frames raise the lag and those that catch up lower it again, so only a lag that no later
 * window goes below is audio that never came: the smallest lag from a window on, compared with that before it.
 */
export class GapWatch {
  readonly #startedAtMs: number;
  readonly #windowMs: number;
  readonly #windows: HeardWindow[] = [];

  constructor(startedAtMs: number, windowMs: number) {
    this.#startedAtMs = startedAtMs;
    this.#windowMs = windowMs;
  }

  /** Takes the window that follows. */
  push(window: HeardWindow): void {
    this.#windows.push(window);
  }

  /**
   * The result for the time up to `stoppedAtMs`. Windows that were pushed afterwards only settle what was late and
   * what is missing, so ask a little later than the stop.
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
    // Less than a window is left when audio came to the end.
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

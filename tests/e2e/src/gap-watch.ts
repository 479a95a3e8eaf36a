import type { Caller } from '@openrtc/test-rig';
import { expect } from 'vitest';

// A gap a listener would notice; shorter ones come and go without any fault.
const NOTICED_MS = 200;
// What is heard of a machine that stands still differs from caller to caller.
const SPREAD = 2;

/**
 * The gaps that callers hear, judged against those of a call that nothing was done to, heard at the same time: on a
 * machine that is busy with other things it has gaps as well.
 */
export class GapWatch {
  readonly #callers: readonly Caller[];
  readonly #undisturbed: Caller;

  private constructor(callers: readonly Caller[], undisturbed: Caller) {
    this.#callers = callers;
    this.#undisturbed = undisturbed;
  }

  /** Get one from `RealCalls`. */
  static async start(callers: readonly Caller[], undisturbed: Caller): Promise<GapWatch> {
    await Promise.all([undisturbed, ...callers].map((caller) => caller.startGapWatch()));
    return new GapWatch(callers, undisturbed);
  }

  /**
   * Ends the watch, and fails when a caller has heard a gap that the undisturbed call does not explain. To be
   * called while the agents still talk. Resolves with the longest gap of each caller.
   * @param before - the longest gaps of the same callers before anything was done to them
   */
  async expectNone(before: readonly number[] = []): Promise<readonly number[]> {
    const gaps = await Promise.all(this.#callers.map(longestGap));
    await this.expectNoneIn(gaps, before);
    return gaps;
  }

  /** The same for gaps of callers whose own watch has ended. */
  async expectNoneIn(gaps: readonly number[], before: readonly number[] = []): Promise<void> {
    const undisturbed = await longestGap(this.#undisturbed);
    const earlier = before.length === 0 ? '' : `; before: ${before.join(', ')}`;
    console.log(
      `longest gaps in ms: ${gaps.join(', ')}${earlier}; of an undisturbed call: ${undisturbed}`,
    );
    for (const [at, gap] of gaps.entries()) {
      const baseline = Math.max(undisturbed, before[at] ?? 0);
      expect(gap).toBeLessThan(Math.max(NOTICED_MS, SPREAD * baseline));
    }
  }

  /** Ends the watch; resolves with the longest gap of each caller. */
  async stop(): Promise<readonly number[]> {
    const [, ...gaps] = await Promise.all([this.#undisturbed, ...this.#callers].map(longestGap));
    return gaps;
  }
}

async function longestGap(caller: Caller): Promise<number> {
  return (await caller.stopGapWatch()).longestGapMs;
}

import type { Boxed } from './time-box.js';

/** How long each phase of an end may last, in milliseconds from now. */
export type EndLimits<Phase extends string> = Readonly<Partial<Record<Phase, number>>>;

/**
 * The time that the phases of an end have. All of them count from the same moment, so that one that takes long leaves
 * less to the next, and the whole keeps its limit. A limit can be set while a phase lasts, and only to a shorter one.
 */
export class EndBudget<Phase extends string> {
  readonly #until = new Map<Phase, number>();
  readonly #waiting = new Set<{ readonly phase: Phase; readonly arm: () => void }>();

  /** Ends the phases after these times, unless they end earlier already. */
  shorten(limits: EndLimits<Phase>): void {
    const now = performance.now();
    for (const [phase, ms] of Object.entries(limits) as [Phase, number][])
      this.#until.set(
        phase,
        Math.min(now + ms, this.#until.get(phase) ?? Number.POSITIVE_INFINITY),
      );
    for (const { phase, arm } of this.#waiting) if (limits[phase] !== undefined) arm();
  }

  /**
   * Waits for `work` until the phase ends. Never rejects. Work that takes longer is not stopped; when it rejects later,
   * `late` is called with the error.
   */
  async wait<T>(
    phase: Phase,
    work: () => T | PromiseLike<T>,
    late: (error: unknown) => void,
  ): Promise<Boxed<T>> {
    let timer: NodeJS.Timeout | undefined;
    let over = false;
    let expire = () => {};
    const expired = new Promise<Boxed<T>>((resolve) => {
      expire = () => {
        over = true;
        resolve({ kind: 'timeout' });
      };
    });
    const waiter = {
      phase,
      arm: () => {
        clearTimeout(timer);
        const until = this.#until.get(phase);
        if (until !== undefined) timer = setTimeout(expire, Math.max(0, until - performance.now()));
      },
    };
    this.#waiting.add(waiter);
    waiter.arm();
    try {
      const settled = (async (): Promise<Boxed<T>> => {
        try {
          return { kind: 'done', value: await work() };
        } catch (error) {
          if (over) late(error);
          return { kind: 'failed', error };
        }
      })();
      return await Promise.race([settled, expired]);
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(waiter);
    }
  }
}

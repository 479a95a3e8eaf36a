import type { ReloadReport } from '../call/reload-report.js';

/** How a reload ended; `undone`: its code failed in its first use in a call, which has its old code back. */
export type ReloadOutcome = ReloadReport['outcome'] | 'undone';

/** The outcomes in the order in which they are shown. */
export const reloadOutcomes = [
  'applied',
  'unchanged',
  'refused',
  'undone',
] as const satisfies readonly ReloadOutcome[];

/** Counts of the reloads of a worker. */
export class ReloadCounts {
  /** The number of the reload that the code in use came with; 0 before any. */
  generation = 0;
  readonly #counts = new Map<ReloadOutcome, number>();

  /** Counts one. */
  add(outcome: ReloadOutcome): void {
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
  }

  /** Reloads by outcome; outcomes without one are left out. */
  snapshot(): Partial<Record<ReloadOutcome, number>> {
    return Object.fromEntries(this.#counts);
  }
}

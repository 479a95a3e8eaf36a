import type { RefusalReason } from '../launch/isolation.js';
import type { SessionOutcome } from '../settle/session-outcome.js';
import { FaultCounts } from './fault-counts.js';

/** What has passed through the flow since the pool began. */
export class FlowCounts {
  readonly #refused = new Map<RefusalReason, number>();
  readonly faults = new FaultCounts();
  started = 0;
  failures = 0;
  lastRoutedAgent: string | null = null;
  lastError: string | null = null;

  refuse(reason: RefusalReason): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
  }

  fail(outcome: SessionOutcome): void {
    this.failures += 1;
    this.lastError = `${outcome.error?.code ?? 'INTERNAL'}: ${outcome.detail ?? ''}`;
  }

  get refused(): Partial<Record<RefusalReason, number>> {
    return Object.fromEntries(this.#refused);
  }
}

import { FlowMetrics } from './flow-metrics.js';
import type { LoopBlock } from '../call/loop-block.js';
import { MetricsStream } from './metrics-stream.js';
import type { RefusalReason } from '../call/refusal.js';
import type { Call } from '../call/call.js';
import { withoutSecrets } from '../base/secrets.js';
import type { SessionOutcome } from '../call/session-outcome.js';
import { FaultCounts } from './fault-counts.js';

/** What has passed through the flow since the pool began. */
export class FlowCounts {
  readonly #refused = new Map<RefusalReason, number>();
  readonly faults = new FaultCounts();
  readonly metrics = new FlowMetrics();
  readonly events = new MetricsStream();
  #full = false;
  started = 0;
  failures = 0;
  lastRoutedAgent: string | null = null;
  lastError: string | null = null;

  accept(agent: string): void {
    this.lastRoutedAgent = agent;
    this.metrics.accepted.add({ agent });
  }

  /** Call it after each change of admission. */
  full(full: boolean): void {
    if (full && !this.#full) this.metrics.timesFull += 1;
    this.#full = full;
  }

  /** @param agent - empty where the offer named none that is registered */
  refuse(reason: RefusalReason, agent = ''): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
    this.metrics.refused.add({ agent, reason });
  }

  start({ jobId, agent, tenant }: Call): void {
    this.started += 1;
    this.metrics.started.add({ agent });
    this.events.push({ event: 'session_started', jobId, agent, tenant });
  }

  fault(agent: string, fault: 'hook' | 'tool'): void {
    this.faults.add(fault);
    this.metrics[fault === 'hook' ? 'hookErrors' : 'toolErrors'].add({ agent });
  }

  block({ cause, durationMs }: LoopBlock): void {
    this.metrics.blocks.record({ cause }, durationMs / 1_000);
  }

  end({ jobId, agent, tenant }: Call, outcome: SessionOutcome, durationMs: number): void {
    const { status, reason } = outcome;
    this.metrics.end(agent, outcome, durationMs);
    const call = { jobId, agent, tenant, status, reason, durationMs };
    if (status !== 'failed') {
      this.events.push({ event: 'session_finished', ...call });
      return;
    }
    this.failures += 1;
    // What a provider says of a refused key may hold the key.
    const error = withoutSecrets(`${outcome.error?.code ?? 'INTERNAL'}: ${outcome.detail ?? ''}`);
    this.lastError = error;
    this.events.push({ event: 'session_failed', ...call, error });
  }

  get refused(): Partial<Record<RefusalReason, number>> {
    return Object.fromEntries(this.#refused);
  }
}

import { FlowMetrics } from './flow-metrics.js';
import type { CodeEvent } from '../call/code-change.js';
import type { LoopBlock } from '../call/loop-block.js';
import { MetricsStream } from './metrics-stream.js';
import type { RefusalReason } from '../call/refusal.js';
import type { Call, SessionInfo } from '../call/call.js';
import { withoutSecrets } from '../base/secrets.js';
import type { ProviderError } from '../call/provider-error.js';
import { type ReloadReport, countByResult } from '../call/reload-report.js';
import type { SessionOutcome } from '../call/session-outcome.js';
import type { SessionResult } from '../call/session-result.js';
import type { SessionTurn } from '../call/session-turn.js';
import { FaultCounts } from './fault-counts.js';
import { ReloadCounts } from './reload-counts.js';
import { TurnCounts } from './turn-counts.js';
import { UsageTotals } from './usage-totals.js';

/** Counts of the calls that passed through the flow since the pool started. */
export class FlowCounts {
  readonly #refused = new Map<RefusalReason, number>();
  /** Failures that did not end their call, of all calls together. */
  readonly faults = new FaultCounts();
  /** Turns of all calls together. */
  readonly turns = new TurnCounts();
  /** Reloads of the agents. */
  readonly reloads = new ReloadCounts();
  /** The series for Prometheus and OpenTelemetry. */
  readonly metrics = new FlowMetrics();
  /** What all calls have used. */
  readonly usage = new UsageTotals();
  /** Events that wait to be taken. */
  readonly events = new MetricsStream();
  #full = false;
  /** Calls that were assigned to the worker. */
  started = 0;
  /** Calls that failed. */
  failures = 0;
  /** The agent of the last accepted call. */
  lastRoutedAgent: string | null = null;
  /** `CODE: message` of the last failed call, without secrets. */
  lastError: string | null = null;

  /** Counts an accepted offer. */
  accept(agent: string): void {
    this.lastRoutedAgent = agent;
    this.metrics.accepted.add({ agent });
  }

  /** Counts how often the worker became full. Must be called after each change of admission. */
  full(full: boolean): void {
    if (full && !this.#full) this.metrics.timesFull += 1;
    this.#full = full;
  }

  /**
   * Counts a refused offer.
   * @param agent - empty if the offer named no registered agent
   */
  refuse(reason: RefusalReason, agent = ''): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
    this.metrics.refused.add({ agent, reason });
  }

  /** Counts an assigned call. */
  start({ jobId, agent, tenant, room, startedAt }: SessionInfo): void {
    this.started += 1;
    this.metrics.started.add({ agent });
    this.usage.start({ tenant, agent });
    this.events.push({ event: 'session_started', jobId, agent, tenant, room, startedAt });
  }

  /** Counts a failure that did not end its call. */
  fault(agent: string, fault: 'hook' | 'tool'): void {
    this.faults.add(fault);
    this.metrics[fault === 'hook' ? 'hookErrors' : 'toolErrors'].add({ agent });
  }

  /** Counts an error of a provider. */
  providerError(agent: string, error: ProviderError): void {
    this.faults.addProviderError(error);
    this.metrics.providerError(agent, error);
  }

  /** Counts a step of a turn. */
  turn(agent: string, turn: SessionTurn): void {
    this.turns.add(turn);
    this.metrics.turn(agent, turn);
  }

  /** Counts a block of the event loop. */
  block({ cause, durationMs }: LoopBlock): void {
    this.metrics.blocks.record({ cause }, durationMs / 1_000);
  }

  /** Counts a reload of the agents. */
  reload({ error, calls, ...report }: ReloadReport): void {
    const { outcome, generation } = report;
    this.reloads.generation = generation;
    this.reloads.add(outcome);
    this.metrics.reloads.add({ outcome });
    this.events.push({
      event: 'reload',
      agent: '__openrtc__',
      ...report,
      calls: countByResult(calls),
      ...(error === undefined ? {} : { error: withoutSecrets(`${error.code}: ${error.message}`) }),
    });
  }

  /** Counts what new code has become in a call. */
  code({ jobId, agent, tenant, room }: Call, { result, generation, error, why }: CodeEvent): void {
    this.metrics.sessionReloads.add({ agent, result });
    if (result !== 'undone') return;
    this.reloads.add('undone');
    this.metrics.reloads.add({ outcome: 'undone' });
    const text = withoutSecrets(`${error?.code ?? 'INTERNAL'}: ${why ?? ''}`);
    this.events.push({
      event: 'session_reload_undone',
      jobId,
      agent,
      tenant,
      room,
      generation,
      error: text,
    });
  }

  /** Counts a finished call. */
  end({ jobId, agent, tenant, room, startedAt }: SessionInfo, result: SessionResult): void {
    const { status, reason, causedBy, durationMs, faults, turns, usage } = result;
    this.metrics.end(agent, result);
    this.usage.end({ tenant, agent, durationMs, usage });
    const end = { status, reason, causedBy, durationMs, faults, turns, usage };
    const call = { jobId, agent, tenant, room, startedAt, ...end };
    if (status !== 'failed') {
      this.events.push({ event: 'session_finished', ...call });
      return;
    }
    this.failures += 1;
    const error = failureText(result);
    this.lastError = error;
    this.events.push({ event: 'session_failed', ...call, error });
  }

  /** Refused offers by reason; reasons without a refusal are left out. */
  get refused(): Partial<Record<RefusalReason, number>> {
    return Object.fromEntries(this.#refused);
  }
}

/** A failure as one line, `CODE: message`. The message of a provider that rejects an API key may contain the key. */
export function failureText({ error, detail }: SessionOutcome): string {
  return withoutSecrets(`${error?.code ?? 'INTERNAL'}: ${detail ?? ''}`);
}

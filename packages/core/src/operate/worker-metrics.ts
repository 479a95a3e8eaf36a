import { performance } from 'node:perf_hooks';

import type { ProcessUsage } from '../launch/isolation-strategy.js';
import { workerLoad } from '../link/load-curve.js';
import type { Sample } from './counter.js';
import { FlowMetrics } from './flow-metrics.js';
import { type MetricFamily, type MetricValues, familiesOf, single } from './metric-families.js';
import { proportionalMemory } from './proportional-memory.js';
import { version } from '../base/version.js';
import type { RuntimeSnapshot } from './runtime-snapshot.js';
import type { WorkerView } from './worker-view.js';

/** The sources of the metrics of a pool. */
export interface MetricFacts {
  /** The current snapshot of the pool. */
  snapshot(): RuntimeSnapshot;
  /** The running worker; undefined before it runs. */
  worker(): WorkerView | undefined;
  /** How much data was dropped, by destination. */
  dropped(): Readonly<Record<string, number>>;
}

// The kernel walks through all memory of a process to measure this.
const MEMORY_INTERVAL_MS = 10_000;
const none = new FlowMetrics();

/** Collects the current metrics of a pool. */
export class WorkerMetrics {
  readonly #facts: MetricFacts;
  #memory: readonly Sample[] = [];
  #memoryAt = Number.NEGATIVE_INFINITY;
  #measuring: Promise<void> | undefined;

  constructor(facts: MetricFacts) {
    this.#facts = facts;
  }

  /** Measures and returns all metrics that have a value. */
  async collect(): Promise<readonly MetricFamily[]> {
    const worker = this.#facts.worker();
    await worker?.resources.sample();
    const processes = worker?.resources.processes ?? [];
    await this.#measure(processes.map(({ pid }) => pid));
    const snapshot = this.#facts.snapshot();
    const flow = worker?.counts.metrics ?? none;
    // A removed agent keeps its series until its last call has ended.
    flow.fit(new Set([...snapshot.registeredAgents, ...Object.keys(snapshot.sessionsByAgent)]));
    return familiesOf({
      ...ofPool(snapshot),
      openrtc_prewarm_seconds: single(worker?.prewarmSeconds),
      ...ofCalls(snapshot, flow),
      ...this.#ofProcesses(snapshot, processes, worker),
      openrtc_metrics_dropped_total: labelled('sink', {
        events: worker?.counts.events.dropped ?? 0,
        ...this.#facts.dropped(),
      }),
    });
  }

  #measure(pids: readonly number[]): Promise<void> {
    if (performance.now() - this.#memoryAt < MEMORY_INTERVAL_MS) return Promise.resolve();
    this.#measuring ??= Promise.all([proportionalMemory([process.pid]), proportionalMemory(pids)])
      .then(([worker, calls]) => {
        this.#memory = labelled('process', { worker, calls });
        this.#memoryAt = performance.now();
      })
      .finally(() => {
        this.#measuring = undefined;
      });
    return this.#measuring;
  }

  #ofProcesses(
    { eventLoopLagMs, residentSet, memory }: RuntimeSnapshot,
    processes: readonly ProcessUsage[],
    worker: WorkerView | undefined,
  ) {
    const { user, system } = process.cpuUsage();
    const counts = worker?.processCounts;
    const states = { starting: 0, ready: 0, closing: 0 };
    for (const { state } of processes) states[state] += 1;
    return {
      openrtc_event_loop_lag_seconds: single(
        eventLoopLagMs === null ? undefined : eventLoopLagMs / 1_000,
      ),
      openrtc_event_loop_active_seconds_total: single(
        performance.eventLoopUtilization().active / 1_000,
      ),
      openrtc_cpu_seconds_total: single((user + system) / 1_000_000),
      openrtc_resident_memory_bytes: labelled('process', {
        worker: residentSet.bytes,
        calls:
          processes.length === 0
            ? undefined
            : processes.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
      }),
      openrtc_proportional_memory_bytes: this.#memory,
      openrtc_memory_limit_bytes: single(memory?.limitBytes),
      openrtc_memory_used_bytes: single(memory?.usedBytes),
      openrtc_memory_call_bytes: single(memory?.callBytes),
      openrtc_call_processes: counts === undefined ? [] : labelled('state', states),
      openrtc_call_process_starts_total: single(counts?.started),
      openrtc_call_process_losses_total: single(counts?.lost),
    } satisfies Partial<MetricValues>;
  }
}

function ofPool(snapshot: RuntimeSnapshot) {
  const { activeSessions, reservedSessions, maxConcurrentSessions, livekit } = snapshot;
  const occupied = activeSessions + reservedSessions;
  const closed = snapshot.notReady.some((why) => why === 'draining' || why === 'busy');
  const full = workerLoad(occupied, maxConcurrentSessions, closed).full;
  return {
    openrtc_info: [
      {
        labels: {
          version,
          node: process.versions.node,
          isolation: snapshot.isolation,
          deployment: snapshot.deployment ?? '',
          deployment_version: snapshot.deploymentVersion ?? '',
        },
        value: 1,
      },
    ],
    openrtc_uptime_seconds: single(snapshot.uptimeMs / 1_000),
    openrtc_ready: single(Number(snapshot.ready)),
    openrtc_draining: single(Number(snapshot.draining)),
    openrtc_livekit_connected: single(Number(livekit.state === 'registered')),
    openrtc_livekit_reconnects_total: single(livekit.reconnects),
    openrtc_load: single(full ? 1 : occupied / maxConcurrentSessions),
    openrtc_sessions_max: single(maxConcurrentSessions),
    openrtc_sessions_reserved: single(reservedSessions),
  } satisfies Partial<MetricValues>;
}

function ofCalls(snapshot: RuntimeSnapshot, flow: FlowMetrics) {
  // Agents without a call are included, because a series that comes and goes cannot be summed well.
  const active = Object.fromEntries(snapshot.registeredAgents.map((agent) => [agent, 0]));
  return {
    openrtc_sessions_active: labelled('agent', { ...active, ...snapshot.sessionsByAgent }),
    openrtc_full_total: single(flow.timesFull),
    openrtc_sessions_accepted_total: flow.accepted.samples,
    openrtc_sessions_refused_total: flow.refused.samples,
    openrtc_sessions_started_total: flow.started.samples,
    openrtc_sessions_ended_total: flow.ended.samples,
    openrtc_sessions_failed_total: flow.failed.samples,
    openrtc_session_duration_seconds: flow.durations.samples,
    openrtc_availability_answer_seconds: flow.answers.samples,
    openrtc_hook_errors_total: flow.hookErrors.samples,
    openrtc_tool_errors_total: flow.toolErrors.samples,
    openrtc_provider_errors_total: flow.providerErrors.samples,
    openrtc_turns_total: flow.turns.samples,
    openrtc_sessions_unanswered_total: flow.unansweredCalls.samples,
    openrtc_turn_end_seconds: flow.endOfTurn.samples,
    openrtc_turn_first_token_seconds: flow.firstToken.samples,
    openrtc_turn_first_audio_seconds: flow.firstAudio.samples,
    openrtc_turn_response_seconds: flow.response.samples,
    openrtc_breakers_open: single(snapshot.breakers.length),
    openrtc_breaker_changes_total: flow.breakerChanges.samples,
    openrtc_reloads_total: flow.reloads.samples,
    openrtc_session_reloads_total: flow.sessionReloads.samples,
    openrtc_code_generation: single(snapshot.codeGeneration),
    openrtc_tokens_total: flow.tokens.samples,
    openrtc_tts_characters_total: flow.characters.samples,
    openrtc_audio_seconds_total: flow.audioSeconds.samples,
    openrtc_event_loop_blocked_seconds: flow.blocks.samples,
  } satisfies Partial<MetricValues>;
}

/** One series for each key with a known value. */
function labelled(
  label: string,
  values: Readonly<Record<string, number | undefined>>,
): readonly Sample[] {
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [{ labels: { [label]: key }, value }],
  );
}

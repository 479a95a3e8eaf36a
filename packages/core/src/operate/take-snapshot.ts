import { isUnanswered } from '../call/session-turn.js';
import { type PoolState, readiness } from './readiness.js';
import type { RuntimeSnapshot, SessionSnapshot } from './runtime-snapshot.js';
import { TurnCounts } from './turn-counts.js';
import { type PoolUsage, noUsage } from './usage-totals.js';
import type { CallView, PoolFacts, WorkerView } from './worker-view.js';

/** The sources of a snapshot. */
export interface SnapshotSources {
  /** The state of the pool. */
  readonly state: PoolState;
  /** `performance.now()` of `run()`; 0 before. */
  readonly startedAt: number;
  /** Name of the isolation strategy. */
  readonly isolation: string;
  /** Options of the pool that are shown. */
  readonly facts: PoolFacts;
  /** Names of the registered agents. */
  readonly agents: readonly string[];
  /** The running worker; undefined before it runs. */
  readonly worker: WorkerView | undefined;
  /** The address of the health server; null without one. */
  readonly health: RuntimeSnapshot['health'];
}

// For how long a call is shown as slow after its code blocked the event loop.
const SLOW_MS = 5_000;

/** Takes the snapshot of a pool in any state. */
export function takeSnapshot(sources: SnapshotSources): RuntimeSnapshot {
  const { facts, worker } = sources;
  const sessions = (worker?.calls ?? []).map((call) => sessionOf(call, worker));
  const livekit = worker?.links.state ?? 'none';
  const notReady = readiness({ state: sources.state, livekit, admission: worker?.admission });
  return {
    timestamp: Date.now(),
    uptimeMs: sources.startedAt === 0 ? 0 : Math.round(performance.now() - sources.startedAt),
    state: sources.state,
    draining: sources.state === 'draining',
    ready: notReady.length === 0,
    notReady,
    isolation: sources.isolation,
    deploymentVersion: facts.deploymentVersion || null,
    deployment: facts.deployment || null,
    registeredAgents: sources.agents,
    maxConcurrentSessions: facts.maxConcurrentSessions,
    activeSessions: worker?.admission.active ?? 0,
    reservedSessions: worker?.admission.reserved ?? 0,
    totalSessionsStarted: worker?.counts.started ?? 0,
    totalSessionFailures: worker?.counts.failures ?? 0,
    consecutiveFailures: worker?.consecutiveFailures ?? 0,
    totalHookErrors: worker?.counts.faults.hookErrors ?? 0,
    totalToolErrors: worker?.counts.faults.toolErrors ?? 0,
    totalProviderErrors: worker?.counts.faults.providerErrors ?? 0,
    totalTurns: (worker?.counts.turns ?? new TurnCounts()).snapshot(),
    refused: worker?.counts.refused ?? {},
    breakers: worker?.breakers ?? [],
    codeGeneration: worker?.counts.reloads.generation ?? 0,
    reloads: worker?.counts.reloads.snapshot() ?? {},
    sessionsByAgent: countBy(sessions, 'agent'),
    sessionsByTenant: countBy(sessions, 'tenant'),
    sessions,
    lastRoutedAgent: worker?.counts.lastRoutedAgent ?? null,
    lastError: worker?.counts.lastError ?? null,
    residentSet: {
      bytes: process.memoryUsage.rss(),
      metric: 'process_rss',
      description: "Resident memory of the worker's own process at the time of the snapshot.",
    },
    memory: worker?.memory ?? null,
    eventLoopLagMs: worker?.eventLoopLagMs ?? null,
    health: sources.health,
    livekit: {
      state: livekit,
      workerId: worker?.links.workerId ?? '',
      reconnects: worker?.links.reconnects ?? 0,
      registrations: worker?.links.registrations ?? [],
    },
  };
}

/** What the calls of a worker have used; undefined before it runs. */
export function takeUsage(worker: WorkerView | undefined): PoolUsage {
  if (worker === undefined) return noUsage();
  const live = worker.calls.map(({ info: { tenant, agent }, since, usage }) => {
    return { tenant, agent, durationMs: Math.round(performance.now() - since), usage };
  });
  return worker.counts.usage.snapshot(live);
}

function sessionOf(
  { info, joined, generation, faults, turns, blocks, usage, since }: CallView,
  worker: WorkerView | undefined,
): SessionSnapshot {
  const blocked = blocks.snapshot();
  const { startedAt = 0, durationMs = 0 } = blocked.last ?? {};
  const slow = Date.now() - (startedAt + durationMs) < SLOW_MS;
  return {
    jobId: info.jobId,
    agent: info.agent,
    tenant: info.tenant,
    room: info.room,
    startedAt: info.startedAt,
    joined,
    durationMs: Math.round(performance.now() - since),
    status: statusOf(joined, slow, turns),
    generation,
    faults: faults.snapshot(),
    turns: turns.snapshot(),
    usage,
    blocks: blocked,
    resources: worker?.resources.of(info.jobId) ?? null,
  };
}

function statusOf(joined: boolean, slow: boolean, turns: TurnCounts): SessionSnapshot['status'] {
  if (slow) return 'slow';
  if (!joined) return 'joining';
  return isUnanswered(turns) ? 'unanswered' : 'active';
}

function countBy(
  sessions: readonly SessionSnapshot[],
  key: 'agent' | 'tenant',
): Record<string, number> {
  const counts = new Map<string, number>();
  for (const session of sessions) counts.set(session[key], (counts.get(session[key]) ?? 0) + 1);
  return Object.fromEntries(counts);
}

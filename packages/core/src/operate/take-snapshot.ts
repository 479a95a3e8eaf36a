import { readiness } from './readiness.js';
import type { ResolvedOptions } from '../options/resolve-options.js';
import type { PoolState, RuntimeSnapshot, SessionSnapshot } from './runtime-snapshot.js';
import type { Worker } from '../worker/worker.js';

export interface SnapshotSources {
  readonly state: PoolState;
  /** `performance.now()` of `run()`; 0 before. */
  readonly startedAt: number;
  readonly isolation: string;
  readonly resolved: ResolvedOptions;
  readonly agents: readonly string[];
  readonly worker: Worker | undefined;
  readonly health: RuntimeSnapshot['health'];
}

// As long as a call is shown as slow after its code has blocked the event loop.
const SLOW_MS = 5_000;

/** The snapshot of a pool, running or not. */
export function takeSnapshot(sources: SnapshotSources): RuntimeSnapshot {
  const { resolved, worker } = sources;
  const sessions = (worker?.flow.live.all ?? []).map((call) => sessionOf(call, worker));
  const livekit = worker?.links.state ?? 'none';
  const notReady = readiness({ state: sources.state, livekit, admission: worker?.admission });
  return {
    timestamp: Date.now(),
    uptimeSeconds: sources.startedAt === 0 ? 0 : (performance.now() - sources.startedAt) / 1_000,
    state: sources.state,
    draining: sources.state === 'draining',
    ready: notReady.length === 0,
    notReady,
    isolation: sources.isolation,
    deploymentVersion: resolved.deployment || null,
    registeredAgents: sources.agents,
    maxConcurrentSessions: resolved.maxConcurrentSessions,
    activeSessions: worker?.admission.active ?? 0,
    reservedSessions: worker?.admission.reserved ?? 0,
    totalSessionsStarted: worker?.flow.counts.started ?? 0,
    totalSessionFailures: worker?.flow.counts.failures ?? 0,
    consecutiveFailures: worker?.flow.live.consecutiveFailures ?? 0,
    totalHookErrors: worker?.flow.counts.faults.hookErrors ?? 0,
    totalToolErrors: worker?.flow.counts.faults.toolErrors ?? 0,
    refused: worker?.flow.counts.refused ?? {},
    sessionsByAgent: countBy(sessions, 'agent'),
    sessionsByTenant: countBy(sessions, 'tenant'),
    sessions,
    lastRoutedAgent: worker?.flow.counts.lastRoutedAgent ?? null,
    lastError: worker?.flow.counts.lastError ?? null,
    residentSet: {
      bytes: process.memoryUsage.rss(),
      metric: 'process_rss',
      description: "Resident memory of the worker's own process, when the snapshot was taken.",
    },
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

function sessionOf(
  { info, joined, faults, blocks, usage, since }: Worker['flow']['live']['all'][number],
  worker: Worker | undefined,
): SessionSnapshot {
  const blocked = blocks.taken();
  const { startedAt = 0, durationMs = 0 } = blocked.last ?? {};
  const slow = Date.now() - (startedAt + durationMs) < SLOW_MS;
  return {
    jobId: info.jobId,
    agent: info.agent,
    tenant: info.tenant,
    room: info.room,
    startedAt: info.startedAt,
    joined,
    durationSeconds: (performance.now() - since) / 1_000,
    status: slow ? 'slow' : joined ? 'active' : 'joining',
    usage,
    blocks: blocked,
    resources: worker?.resources.of(info.jobId) ?? null,
    ...faults.taken(),
  };
}

function countBy(
  sessions: readonly SessionSnapshot[],
  key: 'agent' | 'tenant',
): Record<string, number> {
  const counts = new Map<string, number>();
  for (const session of sessions) counts.set(session[key], (counts.get(session[key]) ?? 0) + 1);
  return Object.fromEntries(counts);
}

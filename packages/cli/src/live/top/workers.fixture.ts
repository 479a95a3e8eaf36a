import type {
  LoopBlock,
  RuntimeSnapshot,
  SessionSnapshot,
  WorkerReport,
} from '@openrtc/core/operate';

import type { WatchedWorker } from './watched-workers.js';

/** A live call. */
export function call(fields: Partial<SessionSnapshot> = {}): SessionSnapshot {
  return {
    jobId: 'AJ_1',
    agent: 'sales',
    tenant: 'default',
    room: 'room-1',
    startedAt: 1_795_000_000_000,
    joined: true,
    generation: 0,
    durationMs: 61_000,
    status: 'active',
    usage: [],
    blocks: { count: 0, longestMs: 0, last: null },
    resources: { pid: 100, memoryBytes: 40 * 1_048_576, cpuPercent: 4, basis: 'shared' },
    faults: { hookErrors: 0, toolErrors: 0, providerErrors: 0, providers: [] },
    turns: { asked: 0, answered: 0, interrupted: 0, unanswered: 0, lastUnanswered: null },
    ...fields,
  };
}

/** A block of the event loop in a tool. */
export function block(fields: Partial<LoopBlock> = {}): LoopBlock {
  const culprit = { function: 'lookUp', file: '/srv/agents/tools.js', line: 12 };
  return {
    startedAt: 1_795_000_000_000,
    durationMs: 1_520,
    cause: 'code',
    stack: [culprit],
    culprit,
    ...fields,
  };
}

/** The report of a worker with these calls. */
export function report(
  sessions: readonly SessionSnapshot[],
  fields: Partial<RuntimeSnapshot> = {},
  pid = 100,
): WorkerReport {
  return {
    schemaVersion: 1,
    worker: {
      pid,
      host: 'box',
      entry: 'main.js',
      version: '0.0.0',
      node: '20.19.0',
      cpuPercent: 34,
    },
    machine: {
      cores: 2,
      loadAverage: [1.25, 0.8, 0.5],
      memoryBytes: 8 * 1_073_741_824,
      freeMemoryBytes: 2 * 1_073_741_824,
    },
    snapshot: {
      timestamp: 1_795_000_000_000,
      uptimeMs: 3_700_000,
      state: 'running',
      draining: false,
      ready: true,
      notReady: [],
      isolation: 'coroutine',
      deploymentVersion: null,
      deployment: null,
      codeGeneration: 0,
      breakers: [],
      reloads: {},
      registeredAgents: ['sales'],
      maxConcurrentSessions: 50,
      activeSessions: sessions.length,
      reservedSessions: 0,
      totalSessionsStarted: sessions.length,
      totalSessionFailures: 0,
      consecutiveFailures: 0,
      totalHookErrors: 0,
      totalToolErrors: 0,
      totalProviderErrors: 0,
      totalTurns: { asked: 0, answered: 0, interrupted: 0, unanswered: 0, lastUnanswered: null },
      refused: {},
      sessionsByAgent: {},
      sessionsByTenant: {},
      sessions,
      lastRoutedAgent: null,
      lastError: null,
      residentSet: { bytes: 210 * 1_048_576, metric: 'process_rss', description: '' },
      memory: null,
      eventLoopLagMs: 12,
      health: null,
      livekit: { state: 'registered', workerId: 'AW_1', reconnects: 0, registrations: [] },
      ...fields,
    },
    processes: [],
  };
}

/** A worker that has answered with this report. */
export function live(lastReport: WorkerReport): WatchedWorker {
  const { pid } = lastReport.worker;
  return { pid, socket: `/run/${pid}-aa.sock`, state: 'live', sinceMs: 0, report: lastReport };
}

/** Two workers with five calls each, one with child processes. The third call is slow, the ninth gets no answers. */
export function tenCalls(): readonly WatchedWorker[] {
  const slow = { status: 'slow', blocks: { count: 2, longestMs: 1_520, last: block() } } as const;
  const answered = { interrupted: 0, unanswered: 0, lastUnanswered: null };
  const mute = {
    status: 'unanswered',
    turns: {
      asked: 2,
      answered: 0,
      interrupted: 0,
      unanswered: 2,
      lastUnanswered: 'provider_error',
    },
    faults: {
      hookErrors: 0,
      toolErrors: 0,
      providerErrors: 2,
      providers: [{ kind: 'llm', label: 'openai.LLM', code: '401', recoverable: false, count: 2 }],
    },
  } as const;
  const here = [1, 2, 3, 4, 5].map((number) =>
    call({
      jobId: `AJ_here${number}`,
      room: `room-${number}`,
      durationMs: 1_000 * 60 * number,
      turns: { ...answered, asked: 2 * number, answered: 2 * number },
      ...(number === 3 ? slow : {}),
    }),
  );
  const elsewhere = [6, 7, 8, 9, 10].map((number) =>
    call({
      jobId: `AJ_there${number}`,
      agent: 'support',
      tenant: 'acme',
      room: `room-${number}`,
      durationMs: 1_000 * 60 * number,
      turns: { ...answered, asked: 2 * number, answered: 2 * number },
      resources: {
        pid: 200 + number,
        memoryBytes: 150 * 1_048_576,
        cpuPercent: number,
        basis: 'own',
      },
      ...(number === 9 ? mute : {}),
    }),
  );
  return [live(report(here)), live(report(elsewhere, { isolation: 'process' }, 200))];
}

import { AgentPool, type RuntimeSnapshot, type SessionSnapshot } from '@openrtc/core';

const MIB = 1_024 * 1_024;

/** The snapshot of a running worker without a call, with changes. */
export function workerSnapshot(changes: Partial<RuntimeSnapshot> = {}): RuntimeSnapshot {
  const { residentSet, ...idle } = new AgentPool().runtimeSnapshot();
  return {
    ...idle,
    state: 'running',
    notReady: [],
    codeGeneration: 0,
    breakers: [],
    reloads: {},
    registeredAgents: ['sales', 'support', 'billing'],
    residentSet: { ...residentSet, bytes: 212.4 * MIB },
    ...changes,
  };
}

/** A call of the agent `sales` that is blocking the others. */
export function slowCall(room: string): SessionSnapshot {
  const culprit = { function: 'spin', file: '/app/agents/sales.ts', line: 12 };
  return {
    jobId: 'AJ_1',
    agent: 'sales',
    tenant: 'default',
    room,
    startedAt: 1,
    joined: true,
    generation: 0,
    durationMs: 60_000,
    status: 'slow',
    usage: [],
    blocks: {
      count: 3,
      longestMs: 900,
      last: { startedAt: 1, durationMs: 812.6, cause: 'code', stack: [culprit], culprit },
    },
    resources: null,
    faults: { hookErrors: 0, toolErrors: 0, providerErrors: 0, providers: [] },
    turns: { asked: 0, answered: 0, interrupted: 0, unanswered: 0, lastUnanswered: null },
  };
}

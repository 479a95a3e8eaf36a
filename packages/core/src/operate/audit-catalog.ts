import type {
  AuditActor,
  AuditDetails,
  AuditEventName,
  DrainCause,
  ReloadCause,
} from './audit-event.js';

/** An event as docs/audit.md describes it. */
interface AuditEventSpec<Details> {
  /** When it is written. */
  readonly when: string;
  /** All of its details. */
  readonly details: Readonly<Record<keyof Details, true>>;
}

const counts = { count: true, overMs: true, calls: true } as const;
const breaker = { tenant: true, agent: true, unanswered: true, calls: true } as const;
const reload = { by: true, generation: true, files: true, durationMs: true } as const;

/** All events, in the order of docs/audit.md. */
export const auditCatalog: {
  readonly [Name in AuditEventName]: AuditEventSpec<AuditDetails[Name]>;
} = {
  'worker.started': {
    when: 'the run has begun: nothing is loaded yet, and LiveKit does not know it',
    details: {
      pid: true,
      host: true,
      entry: true,
      openrtc: true,
      node: true,
      agents: true,
      configuration: true,
    },
  },
  'worker.registered': {
    when: 'LiveKit has registered the worker, also after a lost connection',
    details: { workerId: true, agentName: true, jobType: true, deployment: true, again: true },
  },
  'worker.draining': {
    when: 'no more calls are taken; a second time when live calls are ended',
    details: { by: true, signal: true, calls: true, liveCalls: true, error: true },
  },
  'worker.closed': {
    when: 'the run is over',
    details: {
      how: true,
      uptimeMs: true,
      drainMs: true,
      calls: true,
      failedCalls: true,
      cutCalls: true,
      leftCalls: true,
      error: true,
    },
  },
  'call.refused': {
    when: 'a call was refused; more of the same reason are counted for 10 s',
    details: { reason: true, ...counts },
  },
  'breaker.opened': { when: 'calls of a tenant are refused from now on', details: breaker },
  'breaker.probed': { when: 'one call of it is tried', details: breaker },
  'breaker.closed': { when: 'its calls are taken again', details: breaker },
  'reload.applied': {
    when: 'new code of agents is in use',
    details: { ...reload, agents: true, calls: true },
  },
  'reload.refused': {
    when: 'new code cannot be used, and nothing has changed',
    details: { ...reload, error: true },
  },
  'reload.rolled_back': {
    when: 'new code failed in its first use in a call, which has its old code back; more are counted for 10 s',
    details: { ...counts, generation: true, error: true },
  },
  'audit.lost': {
    when: 'a sink works again that has not got all events',
    details: { sink: true, count: true, fromSeq: true, toSeq: true },
  },
};

/** Who is behind each cause of a drain. */
export const drainActors: Readonly<Record<DrainCause, AuditActor>> = {
  signal: 'signal',
  drain_call: 'user_code',
  close_call: 'user_code',
  abort_signal: 'user_code',
  connect: 'user_code',
  failure_limit: 'system',
  uncaught_error: 'system',
  drain_timeout: 'system',
};

/** Who is behind each cause of a reload. */
export const reloadActors: Readonly<Record<ReloadCause, AuditActor>> = {
  reload_call: 'user_code',
  reload_command: 'command',
  file_change: 'command',
};

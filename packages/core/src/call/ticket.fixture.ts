import { Job } from '@livekit/protocol';

import type { PrewarmedCall, SessionInfo } from './call.js';
import type { JobTicket } from './job-ticket.js';

/** The description of a call to the agent `echo`. */
function infoOf(overrides: Partial<SessionInfo> = {}): SessionInfo {
  return {
    jobId: 'AJ_1',
    agent: 'echo',
    tenant: 'default',
    room: 'lobby',
    metadata: {},
    startedAt: 1,
    ...overrides,
  };
}

/** The same call, as factories see it. */
export function callOf(overrides: Partial<PrewarmedCall> = {}): PrewarmedCall {
  return { ...infoOf(overrides), prewarmed: {}, ...overrides };
}

/** A ticket for such a call. Nothing listens at the URL of its room. */
export function ticketOf(
  info: Partial<SessionInfo> = {},
  overrides: Partial<JobTicket> = {},
): JobTicket {
  const whole = infoOf(info);
  return {
    info: whole,
    revision: 0,
    tenantsEpoch: 0,
    identity: `agent-${whole.jobId}`,
    workerId: 'AW_1',
    media: { kind: 'room', url: 'embedded://127.0.0.1:9', token: 'token' },
    job: new Job({ id: whole.jobId, room: { name: whole.room } }),
    ...overrides,
  };
}

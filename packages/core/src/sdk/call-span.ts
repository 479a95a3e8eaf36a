import { telemetry } from '@livekit/agents';

import type { JobTicket } from '../call/job-ticket.js';

/**
 * Runs `fn` in the span that the SDK has around the entry of a job, with the same name and attributes. The spans of the
 * session are below it, so a trace names its call, also where calls share a process. Costs nothing without a tracer
 * provider, which only user code sets.
 */
export function inCallSpan<T>({ info }: JobTicket, fn: () => Promise<T>): Promise<T> {
  const { tracer, traceTypes } = telemetry;
  const attributes = {
    [traceTypes.ATTR_JOB_ID]: info.jobId,
    [traceTypes.ATTR_AGENT_NAME]: info.agent,
    [traceTypes.ATTR_ROOM_NAME]: info.room,
  };
  return tracer.startActiveSpan(fn, { name: 'job_entrypoint', attributes });
}

import type { ReportSessionEvent } from '../call/session-event.js';

const reports = new Map<string, ReportSessionEvent>();

/**
 * How a call that runs in this process reports its events; undefined when it does not run here. The agents of the
 * conformance suite report every kind of event with it, because a session reports some kinds only when something is wrong.
 */
export function reportOfCall(jobId: string): ReportSessionEvent | undefined {
  return reports.get(jobId);
}

/** Runs a call, which can be found by {@link reportOfCall} meanwhile. */
export async function reportingWith<T>(
  jobId: string,
  report: ReportSessionEvent,
  run: () => Promise<T>,
): Promise<T> {
  reports.set(jobId, report);
  try {
    return await run();
  } finally {
    reports.delete(jobId);
  }
}

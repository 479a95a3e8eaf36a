/** The fields of a snapshot that tui shows. */
export const snapshot = {
  state: 'running',
  isolation: 'coroutine',
  activeSessions: 2,
  maxConcurrentSessions: 50,
  totalSessionsStarted: 9,
  totalSessionFailures: 1,
  uptimeMs: 3_700_000,
  residentSet: { bytes: 210 * 1_048_576 },
  eventLoopLagMs: 12,
  sessionsByAgent: { sales: 2 },
  lastRoutedAgent: 'sales',
  lastError: null,
};

/** The event of a failed call. */
export const event = {
  event: 'session_failed',
  timestamp: 1_795_000_000_000,
  jobId: 'AJ_1',
  agent: 'sales',
  tenant: 'acme',
  status: 'failed',
  reason: 'failed',
  durationMs: 12_300,
  error: 'SESSION_UNCAUGHT: boom',
};

/** A line of a metrics file, with these fields in its envelope. */
export function line(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({
    schemaVersion: 1,
    worker: 'box-100-a',
    seq: 1,
    timestamp: 1_795_000_000_500,
    kind: 'snapshot',
    payload: snapshot,
    ...fields,
  });
}

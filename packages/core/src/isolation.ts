// '@openrtc/core/isolation': for authors of strategies. The seam itself, both ends of sessions that run elsewhere, and
// checks for a strategy's own options.
export type {
  Isolation,
  IsolationHost,
  IsolationStrategy,
  Placement,
  PoolSource,
  ProcessCounts,
  ProcessUsage,
  WorkerInference,
} from './launch/isolation-strategy.js';
export { cpuWaitMs } from './base/cpu-wait.js';
export { checkKeys, checkWhole, invalidOption } from './base/option-checks.js';
export { beforeDeadline } from './launch/before-deadline.js';
export type { Channel } from './launch/channel.js';
export { RemoteSessions, type RemoteSessionsOptions } from './launch/remote-sessions.js';
export { serveTickets } from './pool/agent-pool.js';
export type { Call, SessionInfo } from './call/call.js';
export type { HangUp, HangUpSignal } from './call/hang-up.js';
export type { JobTicket, TicketMedia } from './call/job-ticket.js';
export type { Refusal, RefusalReason } from './call/refusal.js';
export type { MemoryWarning, ReportSessionEvent, SessionEvent } from './call/session-event.js';

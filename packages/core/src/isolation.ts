// '@openrtc/core/isolation': for authors of strategies. The seam itself, both ends of sessions that run elsewhere,
// checks for a strategy's own options, and the types of all of these. AgentPool is in '@openrtc/core'.
export type { CodeChange, CodeEvent, CodeResult, ChangedAgent } from './call/code-change.js';
export type {
  Isolation,
  IsolationHost,
  IsolationStrategy,
  Placement,
  PoolSource,
  PreparedChange,
  ProcessCounts,
  ProcessUsage,
  WorkerInference,
} from './launch/isolation-strategy.js';
export { privateMemory } from './admit/own-memory.js';
export { cpuWaitMs } from './base/cpu-wait.js';
export { checkKeys, checkWhole, invalidOption } from './base/option-checks.js';
export { beforeDeadline } from './launch/before-deadline.js';
export type { Channel } from './launch/channel.js';
export { RemoteSessions } from './launch/remote-sessions.js';
export type { RemoteSessionsOptions } from './launch/remote-sessions-options.js';
export { serveTickets } from './pool/pool-functions.js';
export type { Call, MetadataValues, SessionInfo } from './call/call.js';
export type { Cause } from './call/caused-by.js';
export type { SessionEndReason, SessionStatus } from './call/end-reason.js';
export type { HangUp, HangUpSignal } from './call/hang-up.js';
export type { JobParticipant } from './call/job-participant.js';
export type { JobTicket, TicketMedia } from './call/job-ticket.js';
export type { BlockCause, CodePlace, LoopBlock } from './call/loop-block.js';
export type { ProviderError, ProviderErrorKind } from './call/provider-error.js';
export type { ProviderUsage } from './call/provider-usage.js';
export type { Refusal, RefusalReason } from './call/refusal.js';
export type { MemoryWarning, ReportSessionEvent, SessionEvent } from './call/session-event.js';
export type { SessionTurn, TurnTimes, UnansweredReason } from './call/session-turn.js';
export type { SessionOutcome } from './call/session-outcome.js';
export { OpenRtcError, errorCodes, isOpenRtcError, toPlainError } from './base/errors.js';
export type { ErrorCode, PlainError } from './base/errors.js';
export type { Logger } from './base/logger.js';

// The pool.
export { AgentPool, serveTickets } from './pool/agent-pool.js';
export { agentConfig } from './agents/agent-config.js';
export type { AgentConfigDecorator, ConfigurableAgentClass } from './agents/agent-config.js';
export type { AgentPermissions, DispatchMode } from './options/dispatch-options.js';
export type { AgentPoolOptions, PoolSettings, RunOptions } from './options/pool-options.js';
export type { ConnectRequest } from './worker/local-call.js';
export type { ImportModule } from './agents/discover.js';
export type { PrewarmFunction, PrewarmLoaders } from './worker/prewarm.js';
export type {
  AgentClass,
  AgentConfig,
  AgentDefaults,
  AgentDiscoveryConfig,
  AgentFactory,
  AgentOptions,
  Greeting,
  PrewarmedCall,
  ProviderValue,
  SessionInfo,
  SessionOptions,
  SessionSetup,
} from './agents/agent-options.js';
export type {
  PoolState,
  ResidentSet,
  RuntimeSnapshot,
  SessionSnapshot,
} from './operate/runtime-snapshot.js';

// How a worker is watched. What reads it from another process is '@openrtc/core/operate'.
export type { OperateOptions } from './options/operate-options.js';
export type { BlocksSnapshot } from './operate/block-counts.js';
export type { HealthOptions } from './operate/health-options.js';
export type { BlockCause, CodePlace, LoopBlock } from './call/loop-block.js';
export type { MetricsFilesOptions } from './operate/metrics-reporter.js';
export type {
  MetricsStreamEvent,
  OverflowMetricsEvent,
  SessionMetricsEvent,
} from './operate/metrics-stream.js';
export type {
  OtelBatchResult,
  OtelHistogram,
  OtelInstrumentOptions,
  OtelMeter,
} from './operate/otel-metrics.js';
export type { NotReady } from './operate/readiness.js';
export type { CallResources } from './operate/resource-sampler.js';
export type { WatchdogOptions } from './operate/watchdog-options.js';
export type { ProviderUsage } from './call/provider-usage.js';

// The flow of a call, in its order.
export type { JobTypeName } from './call/job-offer.js';
export type { LiveKitOptions } from './link/livekit-endpoint.js';
export type { LinkState } from './link/worker-link.js';
export type { RegistrationSnapshot } from './link/worker-links.js';
export type { JobParticipant } from './call/job-participant.js';
export type { MetadataValues } from './route/metadata.js';
export type { Router, RoutingRequest } from './route/custom-router.js';
export type {
  Call,
  HangUp,
  Isolation,
  IsolationHost,
  IsolationStrategy,
  Placement,
  PoolSource,
  ProcessCounts,
  ProcessUsage,
  Refusal,
  RefusalReason,
  WorkerInference,
} from './launch/isolation.js';
export { beforeDeadline } from './launch/before-deadline.js';
export type { Channel } from './launch/channel.js';
export { RemoteSessions, type RemoteSessionsOptions } from './launch/remote-sessions.js';
export type { JobTicket, TicketMedia } from './call/job-ticket.js';
export type { AudioDevices, Speaker } from './audio/local-audio.js';
export type { MemoryWarning, ReportSessionEvent, SessionEvent } from './call/session-event.js';
export type { SessionLimits } from './call/session-limits.js';
export type { SharedModels } from './session/shared-models.js';
export type { SessionFaults } from './call/session-faults.js';
export type { SessionObserver } from './settle/session-observer.js';
export type { SessionEndReason, SessionOutcome, SessionStatus } from './call/session-outcome.js';

// For commands that run pools, as @openrtc/cli does.
export { hostCommand, type CommandHost, type PoolRunner } from './pool/command-line.js';
export { inCallProcess } from './worker/started-for-calls.js';
export { startLogs, type LogStyle } from './sdk/prepare-sdk.js';

// Errors and logs.
export { OpenRtcError, errorCodes, isOpenRtcError, toPlainError } from './base/errors.js';
export type { ErrorCode, PlainError } from './base/errors.js';
export type { Logger } from './base/logger.js';
export { version } from './base/version.js';

// For users: the pool, its options, and the calls. Authors of strategies: '@openrtc/core/isolation'. Commands that
// run pools: '@openrtc/core/host'. Programs that watch workers: '@openrtc/core/operate'. Tests: '@openrtc/core/testing'.

// The pool.
export { AgentPool } from './pool/agent-pool.js';
export type { PoolAgents } from './pool/pool-agents.js';
export { definePoolOptions } from './options/pool-options.js';
export type { AgentPoolOptions, PoolSettings } from './options/pool-options.js';
export type { AgentPermissions, DispatchMode } from './options/dispatch-options.js';
export type { PrewarmFunction, PrewarmLoaders } from './options/prewarm-option.js';
export type { RunOptions } from './options/run-options.js';
export type { ConnectRequest } from './worker/local-call.js';
export type { ImportModule } from './agents/code-loader.js';
export { type ReloadPin, pinReload } from './sdk/reload-pins.js';
export type { ReloadReport, ReloadedCall } from './call/reload-report.js';
export type { CodeEvent, CodeResult } from './call/code-change.js';
export type { ReloadOutcome } from './operate/reload-counts.js';

// Agents.
export { agentConfig } from './agents/agent-config.js';
export type { AgentConfigDecorator, ConfigurableAgentClass } from './agents/agent-config.js';
export type {
  AgentClass,
  AgentConfig,
  AgentDefaults,
  AgentDiscoveryConfig,
  AgentFactory,
  AgentOptions,
  Greeting,
  ProviderKind,
  ProviderOptions,
  ProviderValue,
  RoomInput,
  SessionOptions,
  SessionSetup,
} from './agents/agent-options.js';

// A call, from its offer to its end.
export type { LiveKitOptions } from './link/livekit-endpoint.js';
export type { JobTypeName } from './call/job-offer.js';
export type { FilterRequest, RequestFilter } from './admit/request-filter.js';
export type { Router, RoutingRequest } from './route/route.js';
export type { Call, MetadataValues, PrewarmedCall, SessionInfo } from './call/call.js';
export { callContext as currentCall, type CallContext } from './sdk/call-context.js';
export type { JobParticipant } from './call/job-participant.js';
export type { RefusalReason } from './call/refusal.js';
export type { IsolationStrategy } from './launch/isolation-strategy.js';
export type { BreakerChange } from './call/breaker-change.js';
export type { BreakerOptions } from './options/breaker-option.js';
export type { TenantConfig } from './agents/tenant-config.js';
export type { TenantResolver } from './agents/tenant-directory.js';
export type { TenantSource, TenantsOption, UnknownTenant } from './options/tenants-option.js';
export type { QuarantineOptions } from './options/quarantine-option.js';
export type { SessionCaps } from './call/session-caps.js';
export type { SessionLimits } from './call/session-limits.js';
export type { MemoryState } from './admit/memory-state.js';
export type { ModelMemory, ModelSize } from './call/model-memory.js';
export type { SharedModels } from './session/shared-models.js';
export type { AudioDevices, Speaker } from './audio/local-audio.js';
export type { MemoryWarning } from './call/session-event.js';
export type {
  ProviderError,
  ProviderErrorCount,
  ProviderErrorKind,
} from './call/provider-error.js';
export type { SessionFaults } from './call/session-faults.js';
export type { SessionResult } from './call/session-result.js';
export type {
  SessionTurn,
  SessionTurns,
  TurnTimes,
  UnansweredReason,
} from './call/session-turn.js';
export type { CodeChanged, SessionObserver } from './settle/session-observer.js';
export type { Cause } from './call/caused-by.js';
export type { SessionEndReason, SessionStatus } from './call/end-reason.js';
export type { SessionOutcome } from './call/session-outcome.js';

// How a worker is watched.
export type { OperateOptions } from './operate/operate-options.js';
export type { HealthOptions } from './operate/health-server.js';
export type {
  AuditFileSink,
  AuditFunction,
  AuditHttpSink,
  AuditOptions,
  AuditSink,
} from './operate/audit-options.js';
export type {
  AuditActor,
  AuditCounts,
  AuditDetails,
  AuditError,
  AuditEvent,
  AuditEventName,
  AuditEventOf,
  AuditFields,
  AuditReload,
  AuditResult,
  DrainCause,
  ReloadCause,
} from './operate/audit-event.js';
export type { MetricsFilesOptions } from './operate/metrics-reporter.js';
export type { WatchdogOptions } from './operate/watchdog-options.js';
export type {
  OtelBatchResult,
  OtelHistogram,
  OtelInstrumentOptions,
  OtelMeter,
} from './operate/otel-metrics.js';
export type {
  MetricsStreamEvent,
  OverflowMetricsEvent,
  ReloadMetricsEvent,
  SessionMetricsEvent,
} from './operate/metrics-stream.js';
export type { ResidentSet, RuntimeSnapshot, SessionSnapshot } from './operate/runtime-snapshot.js';
export type { PoolState } from './operate/readiness.js';
export type { BlocksSnapshot } from './operate/block-counts.js';
export type { NotReady } from './operate/readiness.js';
export type { CallResources } from './operate/resource-sampler.js';
export type { BlockCause, CodePlace, LoopBlock } from './call/loop-block.js';
export type { ProviderUsage } from './call/provider-usage.js';
export type { PoolUsage, UsageRow, UsageSums } from './operate/usage-totals.js';
export type { ProcessUsage } from './launch/isolation-strategy.js';
export type { LinkState } from './link/worker-link.js';
export type { RegistrationSnapshot } from './link/worker-links.js';

// Errors and logs.
export { OpenRtcError, errorCodes, isOpenRtcError, toPlainError } from './base/errors.js';
export type { ErrorCode, PlainError } from './base/errors.js';
export type { Logger } from './base/logger.js';
export { version } from './base/version.js';

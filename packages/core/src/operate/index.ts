// '@openrtc/core/operate': for programs that watch workers from another process. It does not load the SDK.
export { readWorkers } from './read-workers.js';
export type { AskedWorker, ReadWorkersOptions, WorkersOfUser } from './read-workers.js';
export { commandWorker, findWorkers } from './control-workers.js';
export type {
  CommandWorkerOptions,
  CommandedWorker,
  FindWorkersOptions,
  FoundWorkers,
} from './control-workers.js';
export type { BreakerChange } from '../call/breaker-change.js';
export type { FoundWorker } from './find-sockets.js';
export { CONTROL_SCHEMA_VERSION } from './control-protocol.js';
export type {
  ControlAnswer,
  ControlCommand,
  ControlResults,
  ControlledWorker,
} from './control-protocol.js';
export type { CodeEvent, CodeResult } from '../call/code-change.js';
export type { ReloadOutcome } from './reload-counts.js';
export { type ReloadReport, type ReloadedCall, reloadLine } from '../call/reload-report.js';
export type { PlainError } from '../base/errors.js';
export { REPORT_SCHEMA_VERSION } from './worker-report.js';
export type { WorkerReport } from './worker-report.js';
export { METRICS_SCHEMA_VERSION, parseMetricsLine } from './metrics-envelope.js';
export type { EnvelopeFields, MetricsLine } from './metrics-envelope.js';
export type {
  MetricsStreamEvent,
  OverflowMetricsEvent,
  ReloadMetricsEvent,
  SessionMetricsEvent,
} from './metrics-stream.js';
export { metricCatalog } from './metric-catalog.js';
export type { MetricName } from './metric-catalog.js';
export type { MetricSpec } from './metric-spec.js';
export { placeText } from '../call/loop-block.js';
export type { BlockCause, CodePlace, LoopBlock } from '../call/loop-block.js';
export type { MemoryState } from '../admit/memory-state.js';
export type { CallResources } from './resource-sampler.js';
export type { ResidentSet, RuntimeSnapshot, SessionSnapshot } from './runtime-snapshot.js';
export type { NotReady, PoolState } from './readiness.js';
export type { BlocksSnapshot } from './block-counts.js';
export type { Cause } from '../call/caused-by.js';
export type { SessionEndReason, SessionStatus } from '../call/end-reason.js';
export { type ProviderUsage, type UsageFigure, usageFigures } from '../call/provider-usage.js';
export type { RefusalReason } from '../call/refusal.js';
export type { ProviderErrorCount, ProviderErrorKind } from '../call/provider-error.js';
export type { SessionTurns, UnansweredReason } from '../call/session-turn.js';
export type { SessionFaults } from '../call/session-faults.js';
export type { ProcessUsage } from '../launch/isolation-strategy.js';
export type { LinkState } from '../link/worker-link.js';
export type { RegistrationSnapshot } from '../link/worker-links.js';
export type { JobTypeName } from '../call/job-offer.js';
export { printable } from '../base/printable.js';
export { redactor } from '../base/redact.js';

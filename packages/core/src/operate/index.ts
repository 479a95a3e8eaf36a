// '@openrtc/core/operate': for programs that watch workers from another process. It does not load the SDK.
export { readWorkers } from './read-workers.js';
export type { AskedWorker, ReadWorkersOptions, WorkersOfUser } from './read-workers.js';
export { REPORT_SCHEMA_VERSION } from './worker-report.js';
export type { WorkerReport } from './worker-report.js';
export { METRICS_SCHEMA_VERSION, parseMetricsLine } from './metrics-envelope.js';
export type { MetricsLine } from './metrics-envelope.js';
export type {
  MetricsStreamEvent,
  OverflowMetricsEvent,
  SessionMetricsEvent,
} from './metrics-stream.js';
export { metricCatalog } from './metric-catalog.js';
export type { MetricName, MetricSpec } from './metric-catalog.js';
export { placeText } from '../call/loop-block.js';
export type { BlockCause, CodePlace, LoopBlock } from '../call/loop-block.js';
export type { CallResources } from './resource-sampler.js';
export type { RuntimeSnapshot, SessionSnapshot } from './runtime-snapshot.js';
export { printable } from '../base/printable.js';
export { redactor } from '../base/redact.js';

import type { AuditOptions } from './audit-options.js';
import type { HealthOptions } from './health-server.js';
import type { MetricsFilesOptions } from './metrics-reporter.js';
import type { OtelMeter } from './otel-metrics.js';
import type { WatchdogOptions } from './watchdog-options.js';

/** How a worker can be observed. Options of `run()` override those of the pool. */
export interface OperateOptions {
  /** Where probes and Prometheus are answered over HTTP. Default, and `null`: no server. */
  health?: HealthOptions | null;
  /** Files that snapshots and events are written to. Default, and `null`: no files. */
  metrics?: MetricsFilesOptions | null;
  /**
   * A record of what the worker did, and of who or what made it do so: its start with its configuration, refused calls,
   * breakers, reloads, drains and its end. Default, and `null`: none.
   */
  audit?: AuditOptions | null;
  /**
   * Two Unix sockets in a directory that only this user can access. One is for `openrtc top`: it reports the calls and
   * their resources, and reads nothing. The other is for `openrtc reload`. Default: true. If a socket cannot be created,
   * the reason is logged and the worker runs without it.
   */
  introspection?: boolean;
  /** A `Meter` of `@opentelemetry/api` that also gets the metrics of docs/metrics.md. Default: none. */
  meter?: OtelMeter;
  /** Limits for a blocked event loop in processes that run calls. `false`: it is not watched. */
  watchdog?: WatchdogOptions | false;
}

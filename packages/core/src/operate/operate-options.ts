import type { HealthOptions } from './health-options.js';
import type { MetricsFilesOptions } from './metrics-reporter.js';
import type { OtelMeter } from './otel-metrics.js';
import type { WatchdogOptions } from './watchdog-options.js';

/** How a worker can be watched. Given to `run()`, they win over those of the pool. */
export interface OperateOptions {
  /** Where probes and Prometheus are answered. Default, and `null`: nowhere. */
  health?: HealthOptions | null;
  /** Files that snapshots and events are written to. Default, and `null`: none. */
  metrics?: MetricsFilesOptions | null;
  /**
   * A socket in a folder of this user alone, for `openrtc top`: who is called how, since when, and what that costs. It
   * only tells. Default: true; a worker that cannot have one logs why and goes on.
   */
  introspection?: boolean;
  /** A `Meter` of `@opentelemetry/api`: the metrics of docs/metrics.md are its instruments as well. */
  meter?: OtelMeter;
  /** Looks after the event loop of processes that run calls. `false`: nobody does. */
  watchdog?: WatchdogOptions | false;
}

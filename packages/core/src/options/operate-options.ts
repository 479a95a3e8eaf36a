import type { HealthOptions } from '../operate/health-options.js';
import type { MetricsFilesOptions } from '../operate/metrics-reporter.js';
import type { OtelMeter } from '../operate/otel-metrics.js';
import type { WatchdogOptions } from '../operate/watchdog-options.js';
import { isRecord, kindOf } from '../base/kind-of.js';
import { checkKeys, invalidOption } from '../base/option-checks.js';

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

/** The names of {@link OperateOptions}. */
export const operateKeys = [
  'health',
  'metrics',
  'introspection',
  'meter',
  'watchdog',
] as const satisfies readonly (keyof OperateOptions)[];

const LONGEST_MS = 2_147_483_647;
const HEALTH_KEYS = ['port', 'host', 'token'] as const satisfies readonly (keyof HealthOptions)[];
const METRICS_NUMBERS = {
  intervalMs: [250, LONGEST_MS],
  jsonlIntervalMs: [250, LONGEST_MS],
  maxFileMb: [1, 1_000_000],
  keepFiles: [0, 100],
} as const satisfies Partial<Record<keyof MetricsFilesOptions, readonly [number, number]>>;
const METRICS_FILES = ['jsonFile', 'jsonlFile'] as const;
const WATCHDOG_NUMBERS = {
  slowMs: [50, LONGEST_MS],
  stuckMs: [100, LONGEST_MS],
  killMs: [1_000, LONGEST_MS],
} as const satisfies Record<keyof WatchdogOptions, readonly [number, number]>;

/** Those of the options that are about this, as far as they were given. */
export function saidOf(options: OperateOptions): OperateOptions {
  const said = operateKeys.map((key) => [key, options[key]] as const);
  return Object.fromEntries(said.filter(([, value]) => value !== undefined)) as OperateOptions;
}

/** What is said to `run()` over what was said to the pool. @throws OpenRtcError `CONFIG_INVALID_OPTION`. */
export function operateOptions(pool: OperateOptions, run: OperateOptions): OperateOptions {
  const chosen = { ...saidOf(pool), ...saidOf(run) };
  checkOperateOptions('run()', chosen);
  return chosen;
}

/** @throws OpenRtcError `CONFIG_INVALID_OPTION` naming the option, what it must be, and what it was. */
export function checkOperateOptions(
  where: string,
  {
    health,
    metrics,
    introspection,
    meter,
    watchdog,
  }: { readonly [Key in keyof OperateOptions]: unknown },
): void {
  checkHealth(where, health);
  checkMetrics(where, metrics);
  if (introspection !== undefined && typeof introspection !== 'boolean')
    throw invalidOption(where, `introspection must be true or false, got ${kindOf(introspection)}`);
  if (meter !== undefined && typeof Object(meter).addBatchObservableCallback !== 'function')
    throw invalidOption(
      where,
      `meter must be a Meter of @opentelemetry/api, such as metrics.getMeter('openrtc'), got ${kindOf(meter)}`,
    );
  checkWatchdog(where, watchdog);
}

function checkHealth(where: string, health: unknown): void {
  if (health === undefined || health === null) return;
  if (!isRecord(health))
    throw invalidOption(where, `health must be { port, host }, got ${kindOf(health)}`);
  checkKeys(`${where}: health`, health, HEALTH_KEYS);
  whole(where, 'health.port', health['port'], 0, 65_535);
  for (const key of ['host', 'token'] as const)
    if (health[key] !== undefined) text(where, `health.${key}`, health[key]);
}

function checkMetrics(where: string, metrics: unknown): void {
  if (metrics === undefined || metrics === null) return;
  const numbers = Object.entries(METRICS_NUMBERS);
  checkKeys(`${where}: metrics`, metrics, [...METRICS_FILES, ...Object.keys(METRICS_NUMBERS)]);
  for (const key of METRICS_FILES)
    if (metrics[key] !== undefined) text(where, `metrics.${key}`, metrics[key]);
  for (const [key, [least, most]] of numbers)
    if (metrics[key] !== undefined) whole(where, `metrics.${key}`, metrics[key], least, most);
  if (METRICS_FILES.every((key) => metrics[key] === undefined))
    throw invalidOption(where, `metrics needs one of ${METRICS_FILES.join(', ')}`);
  if (metrics['jsonFile'] !== undefined && metrics['jsonFile'] === metrics['jsonlFile'])
    throw invalidOption(where, 'metrics.jsonFile and metrics.jsonlFile are the same file');
}

function checkWatchdog(where: string, watchdog: unknown): void {
  if (watchdog === undefined || watchdog === false) return;
  if (!isRecord(watchdog))
    throw invalidOption(
      where,
      `watchdog must be { slowMs, stuckMs, killMs } or false, got ${kindOf(watchdog)}`,
    );
  checkKeys(`${where}: watchdog`, watchdog, Object.keys(WATCHDOG_NUMBERS));
  for (const [key, [least, most]] of Object.entries(WATCHDOG_NUMBERS)) {
    const value = watchdog[key];
    if (value !== undefined && value !== Number.POSITIVE_INFINITY)
      whole(where, `watchdog.${key}`, value, least, most);
  }
}

function whole(where: string, name: string, value: unknown, least: number, most: number): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most)
    return;
  throw invalidOption(
    where,
    `${name} must be a whole number from ${least} to ${most}, got ${typeof value === 'number' ? value : kindOf(value)}`,
  );
}

function text(where: string, name: string, value: unknown): void {
  if (typeof value === 'string' && value.trim() !== '') return;
  throw invalidOption(where, `${name} must be a string that is not blank, got ${kindOf(value)}`);
}

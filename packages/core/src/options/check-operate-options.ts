import type { HealthOptions } from '../operate/health-server.js';
import type { MetricsFilesOptions } from '../operate/metrics-reporter.js';
import type { OperateOptions } from '../operate/operate-options.js';
import type { WatchdogOptions } from '../operate/watchdog-options.js';
import { checkAll } from '../base/all-faults.js';
import { copyOptions } from '../base/copy-options.js';
import { isRecord, kindOf } from '../base/kind-of.js';
import {
  checkBoolean,
  checkKeys,
  checkText,
  checkWhole,
  invalidOption,
  MAX_MS,
  withoutUndefined,
} from '../base/option-checks.js';
import { checkAudit } from './audit-option.js';

/** The keys of {@link OperateOptions}. */
export const operateKeys = [
  'health',
  'metrics',
  'audit',
  'introspection',
  'meter',
  'watchdog',
] as const satisfies readonly (keyof OperateOptions)[];

interface Range {
  readonly min: number;
  readonly max: number;
}

const HEALTH_KEYS = ['port', 'host', 'token'] as const satisfies readonly (keyof HealthOptions)[];
const METRICS_NUMBERS = {
  intervalMs: { min: 250, max: MAX_MS },
  jsonlIntervalMs: { min: 250, max: MAX_MS },
  maxFileMb: { min: 1, max: 1_000_000 },
  keepFiles: { min: 0, max: 100 },
} as const satisfies Partial<Record<keyof MetricsFilesOptions, Range>>;
const METRICS_FILES = ['jsonFile', 'jsonlFile'] as const;
const WATCHDOG_NUMBERS = {
  slowMs: { min: 50, max: MAX_MS },
  stuckMs: { min: 100, max: MAX_MS },
  killMs: { min: 1_000, max: MAX_MS },
} as const satisfies Record<keyof WatchdogOptions, Range>;

/** The given options of {@link OperateOptions}, out of more options. */
export function givenOperateOptions(options: OperateOptions): OperateOptions {
  return withoutUndefined(Object.fromEntries(operateKeys.map((key) => [key, options[key]])));
}

/** The options of `run()`, or those of the pool where `run()` has none. Both have been checked. */
export function operateOptions(pool: OperateOptions, run: OperateOptions): OperateOptions {
  const { meter, ...others } = { ...givenOperateOptions(pool), ...givenOperateOptions(run) };
  // A copy: the run reads them while its owner may change them. The meter is an object of the user.
  return { ...copyOptions(others), ...(meter === undefined ? {} : { meter }) };
}

/**
 * Checks the options. `where` begins the error message.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION`, which names the option, its valid values and the given one.
 */
export function checkOperateOptions(
  where: string,
  {
    health,
    metrics,
    audit,
    introspection,
    meter,
    watchdog,
  }: { readonly [Key in keyof OperateOptions]: unknown },
): void {
  checkAll([
    () => checkHealth(where, health),
    () => checkMetrics(where, metrics),
    () => checkAudit(where, audit),
    () => checkBoolean(where, 'introspection', introspection),
    () => checkMeter(where, meter),
    () => checkWatchdog(where, watchdog),
  ]);
}

function checkMeter(where: string, meter: unknown): void {
  if (meter !== undefined && typeof Object(meter).addBatchObservableCallback !== 'function')
    throw invalidOption(
      where,
      `meter must be a Meter of @opentelemetry/api, such as metrics.getMeter('openrtc'), got ${kindOf(meter)}`,
    );
}

function checkHealth(where: string, health: unknown): void {
  if (health === undefined || health === null) return;
  if (!isRecord(health))
    throw invalidOption(where, `health must be { port, host }, got ${kindOf(health)}`);
  checkKeys(`${where}: health`, health, HEALTH_KEYS);
  if (health['port'] === undefined)
    throw invalidOption(where, 'health.port must be a whole number from 0 to 65535, got undefined');
  checkWhole(where, 'health.port', health['port'], { min: 0, max: 65_535 });
  for (const key of ['host', 'token'] as const) checkText(where, `health.${key}`, health[key]);
}

function checkMetrics(where: string, metrics: unknown): void {
  if (metrics === undefined || metrics === null) return;
  const numbers = Object.entries(METRICS_NUMBERS);
  checkKeys(`${where}: metrics`, metrics, [...METRICS_FILES, ...Object.keys(METRICS_NUMBERS)]);
  for (const key of METRICS_FILES) checkText(where, `metrics.${key}`, metrics[key]);
  for (const [key, range] of numbers) checkWhole(where, `metrics.${key}`, metrics[key], range);
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
  for (const [key, range] of Object.entries(WATCHDOG_NUMBERS))
    if (watchdog[key] !== Number.POSITIVE_INFINITY)
      checkWhole(where, `watchdog.${key}`, watchdog[key], range);
}

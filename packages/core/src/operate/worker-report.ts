import type { ProcessUsage } from '../launch/isolation-strategy.js';
import type { RuntimeSnapshot } from './runtime-snapshot.js';

/** The version of a report: another number means another meaning of its fields. */
export const REPORT_SCHEMA_VERSION = 1;

/** What a worker tells whoever of its user asks: plain data, without secrets, metadata or words of a call. */
export interface WorkerReport {
  readonly schemaVersion: typeof REPORT_SCHEMA_VERSION;
  readonly worker: {
    readonly pid: number;
    readonly host: string;
    /** The name of the file it was started from. */
    readonly entry: string;
    readonly version: string;
    readonly node: string;
    /** Of one core, since the look before; null at the first. Its own process alone. */
    readonly cpuPercent: number | null;
  };
  readonly machine: {
    readonly cores: number;
    /** Over 1, 5 and 15 minutes. */
    readonly loadAverage: readonly number[];
    readonly memoryBytes: number;
    readonly freeMemoryBytes: number;
  };
  readonly snapshot: RuntimeSnapshot;
  /** Processes of calls, besides the worker's own. */
  readonly processes: readonly ProcessUsage[];
}

/** A report that was read, or undefined for what is none: another version, or not ours at all. */
export function parseWorkerReport(text: string): WorkerReport | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Whatever listens there is no worker of this version.
    return undefined;
  }
  const { schemaVersion, worker, machine, snapshot, processes } = recordOf(value);
  const fits =
    schemaVersion === REPORT_SCHEMA_VERSION &&
    typeof recordOf(worker)['pid'] === 'number' &&
    Array.isArray(recordOf(machine)['loadAverage']) &&
    Array.isArray(recordOf(snapshot)['sessions']) &&
    Array.isArray(processes);
  return fits ? (value as WorkerReport) : undefined;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

import type { ProcessUsage } from '../launch/isolation-strategy.js';
import type { RuntimeSnapshot } from './runtime-snapshot.js';

/** The version of a report. It changes when the meaning of a field changes. */
export const REPORT_SCHEMA_VERSION = 1;

/** The report of a worker to its own user, as plain data. It contains no secrets, no metadata and no transcripts. */
export interface WorkerReport {
  /** The version of this format. */
  readonly schemaVersion: typeof REPORT_SCHEMA_VERSION;
  /** The worker's own process. */
  readonly worker: {
    /** Its process id. */
    readonly pid: number;
    /** Name of the machine. */
    readonly host: string;
    /** File name of its entry module. */
    readonly entry: string;
    /** Version of OpenRTC. */
    readonly version: string;
    /** Version of Node. */
    readonly node: string;
    /** CPU use in percent of one core since the previous report; null in the first one. */
    readonly cpuPercent: number | null;
  };
  /** The machine or container of the worker. */
  readonly machine: {
    /** Number of cores that the worker can use. */
    readonly cores: number;
    /** The load average over 1, 5 and 15 minutes. */
    readonly loadAverage: readonly number[];
    /** Total memory in bytes. */
    readonly memoryBytes: number;
    /** Free memory in bytes. */
    readonly freeMemoryBytes: number;
  };
  /** The state of the worker. */
  readonly snapshot: RuntimeSnapshot;
  /** Call processes, besides the worker's own process. */
  readonly processes: readonly ProcessUsage[];
}

/** Parses a report. Undefined if it has another version or is not from OpenRTC. */
export function parseWorkerReport(text: string): WorkerReport | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The socket does not belong to a worker of this version.
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

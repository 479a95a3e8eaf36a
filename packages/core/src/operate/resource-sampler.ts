import type { ProcessUsage } from '../launch/isolation-strategy.js';
import type { Logger } from '../base/logger.js';
import { timeBox } from '../base/time-box.js';

/** The resources of one call, measured from outside of it. */
export interface CallResources {
  /** The process that runs the call. */
  readonly pid: number;
  /** Resident memory (RSS) in bytes. */
  readonly memoryBytes: number;
  /** CPU use in percent of one core since the previous measurement; null at the first one. */
  readonly cpuPercent: number | null;
  /**
   * `own`: the process runs only this call, so the figures are exact. `shared`: several calls run in the process, and
   * each is assigned an equal share of its figures.
   */
  readonly basis: 'own' | 'shared';
}

/** One measurement of a process with calls. */
type ProcessSample = Pick<ProcessUsage, 'pid' | 'jobIds' | 'memoryBytes' | 'cpuMs'>;

/** Options of {@link ResourceSampler}. */
export interface ResourceSamplerOptions {
  /** Job ids of the live calls, in this and other processes. */
  readonly jobIds: () => readonly string[];
  /** Measures the call processes besides this one. */
  readonly processes: () => Promise<readonly ProcessUsage[]>;
  /** A failed measurement is logged here. */
  readonly logger: Logger;
}

// Over a shorter time, the CPU figures would fluctuate.
const MIN_INTERVAL_MS = 900;
// The strategy measures its processes, and may be third-party code. Without its answer, the old figures stay.
const WAIT_MS = 1_000;

/** Measures the resources of calls on request. */
export class ResourceSampler {
  readonly #options: ResourceSamplerOptions;
  #byJob: ReadonlyMap<string, CallResources> = new Map();
  #cpuByPid: ReadonlyMap<number, number> = new Map();
  #processes: readonly ProcessUsage[] = [];
  #sampledAt = Number.NEGATIVE_INFINITY;
  #sampling: Promise<void> | undefined;

  constructor(options: ResourceSamplerOptions) {
    this.#options = options;
  }

  /** The call processes at the last measurement. */
  get processes(): readonly ProcessUsage[] {
    return this.#processes;
  }

  /** The resources of a call at the last measurement; null if it was not measured yet. */
  of(jobId: string): CallResources | null {
    return this.#byJob.get(jobId) ?? null;
  }

  /** Measures now, unless the last measurement is less than 0.9 s old. Never rejects, and waits 1 s at most. */
  async sample(): Promise<void> {
    if (performance.now() - this.#sampledAt < MIN_INTERVAL_MS) return;
    this.#sampling ??= this.#sample()
      .catch((error: unknown) =>
        this.#options.logger.warn(
          { error },
          'the resources of call processes could not be measured',
        ),
      )
      .finally(() => {
        this.#sampling = undefined;
      });
    const sampling = this.#sampling;
    await timeBox(WAIT_MS, () => sampling);
  }

  async #sample(): Promise<void> {
    const processes = await this.#options.processes();
    const now = performance.now();
    const sinceMs = now - this.#sampledAt;
    const elsewhere = new Set(processes.flatMap(({ jobIds }) => jobIds));
    const here = this.#options.jobIds().filter((jobId) => !elsewhere.has(jobId));
    const samples: readonly ProcessSample[] = [...processes, thisProcess(here)];
    const byJob = new Map<string, CallResources>();
    for (const { pid, jobIds, memoryBytes, cpuMs } of samples) {
      const before = this.#cpuByPid.get(pid);
      const cpuPercent = before === undefined ? null : (100 * (cpuMs - before)) / sinceMs;
      for (const jobId of jobIds)
        byJob.set(jobId, {
          pid,
          memoryBytes: Math.round(memoryBytes / jobIds.length),
          cpuPercent: cpuPercent === null ? null : round(Math.max(0, cpuPercent) / jobIds.length),
          // The worker itself also uses resources of this process.
          basis: jobIds.length === 1 && pid !== process.pid ? 'own' : 'shared',
        });
    }
    this.#byJob = byJob;
    this.#cpuByPid = new Map(samples.map(({ pid, cpuMs }) => [pid, cpuMs]));
    this.#processes = processes;
    this.#sampledAt = now;
  }
}

function thisProcess(jobIds: readonly string[]): ProcessSample {
  const { user, system } = process.cpuUsage();
  return {
    pid: process.pid,
    jobIds,
    memoryBytes: process.memoryUsage.rss(),
    cpuMs: (user + system) / 1_000,
  };
}

function round(percent: number): number {
  return Math.round(percent * 10) / 10;
}

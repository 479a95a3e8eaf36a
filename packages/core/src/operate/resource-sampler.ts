import type { ProcessUsage } from '../launch/isolation-strategy.js';
import type { Logger } from '../base/logger.js';
import { timeBox } from '../base/time-box.js';

/** What one call costs, as far as that can be told from outside of it. */
export interface CallResources {
  readonly pid: number;
  /** Resident memory (RSS). */
  readonly memoryBytes: number;
  /** Of one core, since the look before; null at the first. */
  readonly cpuPercent: number | null;
  /**
   * `own`: the process runs this call alone, and the figures are its own. `shared`: several calls run in it, and
   * each is given an equal part, whatever it really uses.
   */
  readonly basis: 'own' | 'shared';
}

/** A process with calls in it, when it was looked at. */
type Look = Pick<ProcessUsage, 'pid' | 'jobIds' | 'memoryBytes' | 'cpuMs'>;

export interface ResourceSamplerOptions {
  /** The calls that are live, wherever they run. */
  readonly jobIds: () => readonly string[];
  /** The processes of calls besides this one. */
  readonly processes: () => Promise<readonly ProcessUsage[]>;
  readonly logger: Logger;
}

// Whoever asks more often gets the figures of the last look: over a shorter time they would jump.
const AT_MOST_EVERY_MS = 900;
// The strategy looks at its processes, and may be anybody's. Without its answer the old figures stand.
const WAIT_MS = 1_000;

/** Looks at what calls use, when somebody asks. */
export class ResourceSampler {
  readonly #options: ResourceSamplerOptions;
  #byJob: ReadonlyMap<string, CallResources> = new Map();
  #cpuByPid: ReadonlyMap<number, number> = new Map();
  #processes: readonly ProcessUsage[] = [];
  #lookedAt = Number.NEGATIVE_INFINITY;
  #sampling: Promise<void> | undefined;

  constructor(options: ResourceSamplerOptions) {
    this.#options = options;
  }

  /** The processes of calls at the last look. */
  get processes(): readonly ProcessUsage[] {
    return this.#processes;
  }

  /** What a call used at the last look; null for one that was not there yet. */
  of(jobId: string): CallResources | null {
    return this.#byJob.get(jobId) ?? null;
  }

  /** Looks now, unless somebody just has. Never rejects, and never waits for long. */
  async sample(): Promise<void> {
    if (performance.now() - this.#lookedAt < AT_MOST_EVERY_MS) return;
    this.#sampling ??= this.#sample()
      .catch((error: unknown) =>
        this.#options.logger.warn({ error }, 'what processes of calls use could not be seen'),
      )
      .finally(() => {
        this.#sampling = undefined;
      });
    const looking = this.#sampling;
    await timeBox(WAIT_MS, () => looking);
  }

  async #sample(): Promise<void> {
    const processes = await this.#options.processes();
    const now = performance.now();
    const sinceMs = now - this.#lookedAt;
    const elsewhere = new Set(processes.flatMap(({ jobIds }) => jobIds));
    const here = this.#options.jobIds().filter((jobId) => !elsewhere.has(jobId));
    const looks: readonly Look[] = [...processes, thisProcess(here)];
    const byJob = new Map<string, CallResources>();
    for (const { pid, jobIds, memoryBytes, cpuMs } of looks) {
      const before = this.#cpuByPid.get(pid);
      const cpuPercent = before === undefined ? null : (100 * (cpuMs - before)) / sinceMs;
      for (const jobId of jobIds)
        byJob.set(jobId, {
          pid,
          memoryBytes: Math.round(memoryBytes / jobIds.length),
          cpuPercent: cpuPercent === null ? null : round(Math.max(0, cpuPercent) / jobIds.length),
          // The worker does more than run the one call it has.
          basis: jobIds.length === 1 && pid !== process.pid ? 'own' : 'shared',
        });
    }
    this.#byJob = byJob;
    this.#cpuByPid = new Map(looks.map(({ pid, cpuMs }) => [pid, cpuMs]));
    this.#processes = processes;
    this.#lookedAt = now;
  }
}

function thisProcess(jobIds: readonly string[]): Look {
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

import { type Logger, OpenRtcError, type ProcessUsage } from '@openrtc/core';
import type { SessionEvent } from '@openrtc/core/isolation';
import pidusage from 'pidusage';

import type { CallProcess } from './call-process.js';
import type { ResolvedProcesses } from './options.js';

const INTERVAL_MS = 250;
const MIB = 1_048_576;
// The assumed use before the first measurement, and the lowest one: Node and the SDK.
const MIN_BYTES = 110 * MIB;

/** Options of {@link MemoryWatch}. */
export interface MemoryWatchOptions {
  /** The limits. */
  readonly options: ResolvedProcesses;
  /** Reports an event to the pool. */
  readonly report: (event: SessionEvent) => Promise<void>;
  /** Failed measurements are logged here. */
  readonly logger: Logger;
  /** The processes to watch. */
  readonly processes: () => readonly CallProcess[];
}

/** A process with its resource use. */
interface Measurement {
  readonly child: CallProcess;
  readonly usage: ProcessUsage;
}

/**
 * Measures the memory of processes from outside, because a stuck process cannot measure itself, and kills those that
 * use too much. Without limits it measures only on request.
 */
export class MemoryWatch {
  /** The highest memory use of a process so far, in bytes. */
  largestBytes = MIN_BYTES;
  readonly #options: MemoryWatchOptions;
  readonly #warned = new WeakMap<CallProcess, Set<string>>();
  readonly #timer: NodeJS.Timeout | undefined;
  #measuring = false;

  constructor(options: MemoryWatchOptions) {
    this.#options = options;
    const { memoryLimitMb, memoryWarnMb } = options.options;
    if (memoryLimitMb !== undefined || memoryWarnMb !== undefined)
      this.#timer = setInterval(() => this.#check(), INTERVAL_MS).unref();
  }

  /** Measures every process. */
  async measure(): Promise<readonly ProcessUsage[]> {
    return (await this.#measureAll()).map(({ usage }) => usage);
  }

  /** Stops to watch. */
  close(): void {
    clearInterval(this.#timer);
    // pidusage keeps a timer for the pids it has measured.
    pidusage.clear();
  }

  #check(): void {
    // On a busy machine a measurement may take longer than the interval: never run two at a time.
    if (this.#measuring) return;
    this.#measuring = true;
    this.#measureAll()
      .then((measurements) => {
        for (const { child, usage } of measurements) this.#judge(child, usage);
      })
      .catch((error: unknown) =>
        this.#options.logger.error({ error }, 'the memory of call processes could not be measured'),
      )
      .finally(() => {
        this.#measuring = false;
      });
  }

  async #measureAll(): Promise<readonly Measurement[]> {
    const measurements = await Promise.all(
      this.#options.processes().map(async (child): Promise<Measurement | undefined> => {
        const { pid, state, jobIds } = child;
        if (pid === undefined || state === 'gone') return undefined;
        const used = await usageOf(pid);
        if (used === undefined) return undefined;
        this.largestBytes = Math.max(this.largestBytes, used.memoryBytes);
        return { child, usage: { pid, state, jobIds: [...jobIds], ...used } };
      }),
    );
    return measurements.filter((measured) => measured !== undefined);
  }

  #judge(child: CallProcess, { pid, memoryBytes, jobIds }: ProcessUsage): void {
    const { memoryLimitMb, memoryWarnMb } = this.#options.options;
    const warnBytes = memoryWarnMb === undefined ? undefined : memoryWarnMb * MIB;
    const limitBytes = memoryLimitMb === undefined ? undefined : memoryLimitMb * MIB;
    if (limitBytes !== undefined && memoryBytes > limitBytes) {
      child.kill(
        new OpenRtcError(
          'ISOLATION_MEMORY_LIMIT',
          `memory limit: process ${pid} used ${Math.round(memoryBytes / MIB)} MiB of ${memoryLimitMb}`,
        ),
      );
    } else if (warnBytes !== undefined && memoryBytes > warnBytes) {
      for (const jobId of jobIds)
        this.#warn(child, jobId, {
          pid,
          usedBytes: memoryBytes,
          warnBytes,
          ...(limitBytes === undefined ? {} : { limitBytes }),
        });
    }
  }

  #warn(
    child: CallProcess,
    jobId: string,
    memory: Extract<SessionEvent, { kind: 'memory' }>['memory'],
  ): void {
    const warned = this.#warned.get(child) ?? new Set();
    this.#warned.set(child, warned);
    if (warned.has(jobId)) return;
    warned.add(jobId);
    this.#options.report({ kind: 'memory', jobId, memory }).catch((error: unknown) => {
      this.#options.logger.error({ error, jobId }, 'the pool did not handle an event');
    });
  }
}

/** Undefined if the process has ended. */
async function usageOf(
  pid: number,
): Promise<Pick<ProcessUsage, 'memoryBytes' | 'cpuMs'> | undefined> {
  try {
    const { memory, ctime } = await pidusage(pid);
    return { memoryBytes: memory, cpuMs: ctime };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return code === 'ENOENT' || code === 'ESRCH' || /no matching pid/i.test(message ?? '');
}

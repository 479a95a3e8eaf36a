import { type Logger, OpenRtcError, type ProcessUsage } from '@openrtc/core';
import type { SessionEvent } from '@openrtc/core/isolation';
import pidusage from 'pidusage';

import type { CallProcess } from './call-process.js';
import type { ResolvedProcesses } from './options.js';

const LOOK_MS = 250;
const MIB = 1_048_576;
// What is guessed before the first look, and never less: Node and the SDK.
const LEAST_BYTES = 110 * MIB;

export interface MemoryWatchOptions {
  readonly options: ResolvedProcesses;
  readonly report: (event: SessionEvent) => Promise<void>;
  readonly logger: Logger;
  readonly processes: () => readonly CallProcess[];
}

/** A process, and what it used when it was looked at. */
interface Look {
  readonly child: CallProcess;
  readonly usage: ProcessUsage;
}

/**
 * Looks at the memory of processes from outside, because one that is stuck cannot look at itself, and ends
 * those that use too much. Without limits it only looks when asked.
 */
export class MemoryWatch {
  /** What the largest process was seen to use. */
  largestBytes = LEAST_BYTES;
  readonly #options: MemoryWatchOptions;
  readonly #warned = new WeakMap<CallProcess, Set<string>>();
  readonly #timer: NodeJS.Timeout | undefined;
  #looking = false;

  constructor(options: MemoryWatchOptions) {
    this.#options = options;
    const { memoryLimitMb, memoryWarnMb } = options.options;
    if (memoryLimitMb !== undefined || memoryWarnMb !== undefined)
      this.#timer = setInterval(() => this.#check(), LOOK_MS).unref();
  }

  /** What each process uses now. */
  async look(): Promise<readonly ProcessUsage[]> {
    return (await this.#looks()).map(({ usage }) => usage);
  }

  close(): void {
    clearInterval(this.#timer);
    // It remembers every pid for a while, with a timer of its own.
    pidusage.clear();
  }

  #check(): void {
    // A machine so busy that a look takes longer than that has enough to do with one at a time.
    if (this.#looking) return;
    this.#looking = true;
    this.#looks()
      .then((looks) => {
        for (const { child, usage } of looks) this.#judge(child, usage);
      })
      .catch((error: unknown) =>
        this.#options.logger.error({ error }, 'the memory of processes could not be read'),
      )
      .finally(() => {
        this.#looking = false;
      });
  }

  async #looks(): Promise<readonly Look[]> {
    const looks = await Promise.all(
      this.#options.processes().map(async (child): Promise<Look | undefined> => {
        const { pid, state, jobIds } = child;
        if (pid === undefined || state === 'gone') return undefined;
        const used = await usageOf(pid);
        if (used === undefined) return undefined;
        this.largestBytes = Math.max(this.largestBytes, used.memoryBytes);
        return { child, usage: { pid, state, jobIds: [...jobIds], ...used } };
      }),
    );
    return looks.filter((look) => look !== undefined);
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
      this.#options.logger.error({ error, jobId }, 'the pool did not take an event');
    });
  }
}

/** Undefined when the process is gone. */
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

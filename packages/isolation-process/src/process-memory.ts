import { type IsolationHost, type Refusal, privateMemory } from '@openrtc/core/isolation';

import type { CallProcess } from './call-process.js';

const MIB = 1_048_576;
// Node, the SDK and an agent, without files that all processes map. Measured again in each process that is ready.
const START_BYTES = 70 * MIB;

/** The facts about a process that its memory depends on. */
type Facts = Pick<CallProcess, 'pid' | 'state' | 'jobIds'>;

/** Judges whether one more process fits into the memory of the worker. Without a limit, it always fits. */
export class ProcessMemory {
  readonly #host: Pick<IsolationHost, 'freeMemoryBytes'>;
  readonly #processes: () => readonly Facts[];
  readonly #memoryOf: (pid: number) => number;
  #startBytes = START_BYTES;

  /** @param memoryOf - the memory of a process that it shares with no other, in bytes */
  constructor(
    host: Pick<IsolationHost, 'freeMemoryBytes'>,
    processes: () => readonly Facts[],
    memoryOf: (pid: number) => number = privateMemory,
  ) {
    this.#host = host;
    this.#processes = processes;
    this.#memoryOf = memoryOf;
  }

  /** The memory of the processes that are ready and have no call, in bytes. */
  idleBytes(): number {
    const each = this.#processes()
      .filter(({ state, jobIds }) => state === 'ready' && jobIds.size === 0)
      .map(({ pid }) => (pid === undefined ? 0 : this.#memoryOf(pid)));
    if (each.length > 0) this.#startBytes = Math.max(START_BYTES, ...each);
    return each.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** The memory left for further processes, in bytes; undefined without a limit. */
  freeBytes(): number | undefined {
    const free = this.#host.freeMemoryBytes?.();
    if (free === undefined) return undefined;
    // The memory of a process that starts is not there yet.
    const starting = this.#processes().filter(({ state }) => state === 'starting').length;
    return free - starting * this.#startBytes;
  }

  /** The refusal of a call for which a process would have to be started, if there is no memory for that process. */
  refusal(): Refusal | undefined {
    const free = this.freeBytes();
    if (free === undefined || free >= this.#startBytes) return undefined;
    const mib = (bytes: number) => Math.max(0, Math.round(bytes / MIB));
    return {
      refused: 'busy',
      message: `a process for the call does not fit into the memory: it takes about ${mib(this.#startBytes)} MiB, and ${mib(free)} are free`,
    };
  }
}

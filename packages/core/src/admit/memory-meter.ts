import { totalmem } from 'node:os';

import { CgroupMemory, type MemoryReading, roomOf } from './cgroup-memory.js';
import { type OwnMemory, ownMemory } from './own-memory.js';

const MIB = 1_048_576;
// Fifty processes take a millisecond, and each offer asks more than once.
const OWN_FOR_MS = 250;

/** Options of {@link MemoryMeter}. */
export interface MemoryMeterOptions {
  /** The pool option of that name. Undefined: only limits of the system count. */
  readonly maxMemoryMb: number | undefined;
  /** Limits of control groups. Default: those of this process. */
  readonly cgroup?: Pick<CgroupMemory, 'read'>;
  /** Measures this process and its descendants. Default: {@link ownMemory}. */
  readonly own?: () => OwnMemory;
  /** The limit that Node knows, in bytes; 0, undefined or more than the machine has: none. */
  readonly constrainedBytes?: number | undefined;
  /** The memory of the machine in bytes. */
  readonly machineBytes?: number;
}

/** Measures how much memory the worker may use, and how much it uses. */
export class MemoryMeter {
  readonly #options: MemoryMeterOptions;
  readonly #cgroup: Pick<CgroupMemory, 'read'>;
  #own: OwnMemory | undefined;
  #ownAt = 0;

  constructor(options: MemoryMeterOptions) {
    this.#options = options;
    this.#cgroup = options.cgroup ?? new CgroupMemory();
  }

  /** The limit with the least memory left. Undefined without a limit. */
  read(): MemoryReading | undefined {
    const { maxMemoryMb } = this.#options;
    const cgroup = this.#cgroup.read() ?? this.#system();
    if (maxMemoryMb === undefined) return cgroup;
    const option: MemoryReading = {
      limitBytes: maxMemoryMb * MIB,
      usedBytes: this.own().residentBytes,
      source: 'option',
    };
    return cgroup === undefined || roomOf(option) <= roomOf(cgroup) ? option : cgroup;
  }

  /**
   * Measures this process and its descendants.
   * @param fresh - false: a measurement may be a quarter of a second old
   */
  own(fresh = false): OwnMemory {
    const now = performance.now();
    if (fresh || this.#own === undefined || now - this.#ownAt > OWN_FOR_MS) {
      this.#own = (this.#options.own ?? ownMemory)();
      this.#ownAt = now;
    }
    return this.#own;
  }

  // Where the files of the control groups cannot be read, or the system has another kind of limit.
  #system(): MemoryReading | undefined {
    const {
      constrainedBytes: limitBytes = process.constrainedMemory(),
      machineBytes = totalmem(),
    } = this.#options;
    if (limitBytes === undefined || limitBytes <= 0 || limitBytes >= machineBytes) return undefined;
    return { limitBytes, usedBytes: this.own().residentBytes, source: 'system' };
  }
}

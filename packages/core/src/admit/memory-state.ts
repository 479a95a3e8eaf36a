/** The memory of a worker with all its processes. */
export interface MemoryState {
  /** The limit that leaves the least memory, in bytes. */
  readonly limitBytes: number;
  /** What counts against that limit, in bytes. Files that the kernel can drop are left out. */
  readonly usedBytes: number;
  /** What sets the limit: a control group, the option `maxMemoryMb`, or something else of the system. */
  readonly source: 'cgroup' | 'option' | 'system';
  /** What a further call is expected to take, in bytes: assumed at first, then measured. */
  readonly callBytes: number;
  /** About how many further calls fit. */
  readonly furtherCalls: number;
}

/** The calls of a worker. */
export interface CallCounts {
  /** All that were accepted and have not ended. */
  readonly all: number;
  /** Those whose memory can be measured: they have run for some seconds. */
  readonly settled: number;
}

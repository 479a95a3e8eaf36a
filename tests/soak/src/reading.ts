import {
  type ListedProcess,
  memoryOf as memoryOfProcess,
  type ProcessMemory,
} from '@openrtc/test-rig';

/** Memory of a process, in MiB. */
export type Memory = Pick<ProcessMemory, 'pssMb' | 'pssAnonMb'>;

/** A process that the worker has started. */
export type Child = Pick<ListedProcess, 'pid' | 'state'>;

/** What a worker process holds after garbage collection. */
export interface Reading extends Memory {
  /** Active calls; a reading shows leaks only when there are none. */
  readonly activeSessions: number;
  readonly sessionsStarted: number;
  readonly sessionFailures: number;
  readonly heapMb: number;
  /** Array buffers and native memory V8 knows of, in MiB. */
  readonly externalMb: number;
  /** Listeners of rtc-node's native event client: each room that still listens slows down later calls. */
  readonly ffiListeners: number;
  /** Listeners of `process`, by event. */
  readonly processListeners: Readonly<Record<string, number>>;
  /** Resources that keep the event loop alive, by kind: `Timeout`, `TCPSocketWrap`, … */
  readonly resources: Readonly<Record<string, number>>;
  /** Open file descriptors, by kind. */
  readonly files: Readonly<Record<string, number>>;
  readonly threads: number;
  /** Processes that the worker has started. */
  readonly children: readonly Child[];
  /** Folders that the SDK has created for recordings. */
  readonly sessionFolders: number;
  /** Objects of ended calls that still exist, by class. */
  readonly objects: Readonly<Record<string, number>>;
}

/** Questions to the worker. */
export type ToWorker = { type: 'read' } | { type: 'heap'; path: string };

/** Answers of the worker. */
export type FromWorker =
  | { type: 'reading'; reading: Reading }
  | { type: 'unreadable'; error: string }
  | { type: 'heap'; path: string };

/** Memory of a process at this moment. */
export function memoryOf(pid: number): Memory {
  const memory = memoryOfProcess(pid);
  if (memory === undefined) throw new Error(`The memory of process ${pid} cannot be read.`);
  return { pssMb: memory.pssMb, pssAnonMb: memory.pssAnonMb };
}

/** The sum of all counts. */
export function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

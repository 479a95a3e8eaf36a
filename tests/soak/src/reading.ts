import {
  type ListedProcess,
  memoryOf as memoryOfProcess,
  type ProcessMemory,
} from '@openrtc/test-rig';

/** Memory of a process, in MiB. */
export type Memory = Pick<ProcessMemory, 'pssMb' | 'pssAnonMb'>;

/** A process that the worker has started. */
export type Child = Pick<ListedProcess, 'pid' | 'state'>;

/** What a worker process holds at one moment, after garbage collection. */
export interface Reading extends Memory {
  /** Calls under way; a reading tells of leaks only when there are none. */
  readonly activeSessions: number;
  readonly sessionsStarted: number;
  readonly sessionFailures: number;
  readonly heapMb: number;
  /** Array buffers and native memory V8 knows of, in MiB. */
  readonly externalMb: number;
  /** Listeners of rtc-node's native event client: a room that still listens costs every later call. */
  readonly ffiListeners: number;
  /** Listeners of `process`, by event. */
  readonly processListeners: Readonly<Record<string, number>>;
  /** What keeps the event loop alive, by kind: `Timeout`, `TCPSocketWrap`, … */
  readonly resources: Readonly<Record<string, number>>;
  /** Open file descriptors, by what they are. */
  readonly files: Readonly<Record<string, number>>;
  readonly threads: number;
  /** Processes it has started. */
  readonly children: readonly Child[];
  /** Folders the SDK made for recordings. */
  readonly sessionFolders: number;
  /** Objects of ended calls that are still there, by class. */
  readonly objects: Readonly<Record<string, number>>;
}

/** What the worker is asked. */
export type ToWorker = { type: 'read' } | { type: 'heap'; path: string };

/** What the worker answers. */
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

/** All values of a table of counts together. */
export function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

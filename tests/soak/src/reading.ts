import type { Child } from './children.js';
import type { Memory } from './memory.js';

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

/** All values of a table of counts together. */
export function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

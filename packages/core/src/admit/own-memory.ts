import { readFileSync } from 'node:fs';

import type { ReadText } from './cgroup-memory.js';

/** The memory of this process and all of its descendants, in bytes. */
export interface OwnMemory {
  /** Of this process as the system reports it (RSS), of the descendants without mapped files: those are the same code. */
  readonly residentBytes: number;
  /** All of them without mapped files. On systems other than Linux it is the same as `residentBytes`. */
  readonly privateBytes: number;
}

/** Measures the memory of this process and its descendants. Descendants are only known on Linux. */
export function ownMemory(
  read: ReadText = (path) => readFileSync(path, 'utf8'),
  resident = () => process.memoryUsage.rss(),
  pid = process.pid,
): OwnMemory {
  const children = childrenOf(pid, read).reduce((sum, child) => sum + treeOf(child, read), 0);
  const residentBytes = resident();
  return {
    residentBytes: residentBytes + children,
    privateBytes: (privateMemory(pid, read) || residentBytes) + children,
  };
}

/** The memory of a process that it shares with no other, in bytes: without mapped files. 0 if it does not exist. */
export function privateMemory(
  pid: number,
  read: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): number {
  const status = textOf(read, `/proc/${pid}/status`);
  const kib = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
  return (kib('RssAnon') + kib('RssShmem')) * 1_024;
}

function treeOf(pid: number, read: ReadText): number {
  return childrenOf(pid, read).reduce(
    (sum, child) => sum + treeOf(child, read),
    privateMemory(pid, read),
  );
}

// Node forks on its first thread, whose id is that of the process.
function childrenOf(pid: number, read: ReadText): readonly number[] {
  const pids = textOf(read, `/proc/${pid}/task/${pid}/children`).trim();
  return pids === '' ? [] : pids.split(' ').map(Number);
}

function textOf(read: ReadText, path: string): string {
  try {
    return read(path);
  } catch {
    // Not Linux, or the process has just ended.
    return '';
  }
}

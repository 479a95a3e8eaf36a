import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

type Read = (path: string) => string;

/** How many cores this process may use: those of the machine, or what its container is limited to. */
export function usableCores(
  cores = availableParallelism(),
  read: Read = (path) => readFileSync(path, 'utf8'),
): number {
  return Math.min(cores, quota(read) ?? cores);
}

// Node 20 does not look at it, and a worker that uses all of its two cores of a machine with sixty is busy.
function quota(read: Read): number | undefined {
  const [limit, period] =
    textOf(read, '/sys/fs/cgroup/cpu.max')?.split(' ') ??
    ['quota', 'period'].map((what) => textOf(read, `/sys/fs/cgroup/cpu/cpu.cfs_${what}_us`));
  // No limit is `max`, or -1, or no such file.
  const cores = Number(limit) / Number(period);
  return cores > 0 ? cores : undefined;
}

function textOf(read: Read, path: string): string | undefined {
  try {
    return read(path);
  } catch {
    // Another system, or another version of it.
    return undefined;
  }
}

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

type Read = (path: string) => string;

/** The number of cores this process may use: those of the machine, or the limit of its container. */
export function usableCores(
  cores = availableParallelism(),
  read: Read = (path) => readFileSync(path, 'utf8'),
): number {
  return Math.min(cores, quota(read) ?? cores);
}

// Node 20 ignores the limit of a container: a worker with two cores on a machine with sixty would never seem busy.
function quota(read: Read): number | undefined {
  const [limit, period] =
    textOf(read, '/sys/fs/cgroup/cpu.max')?.split(' ') ??
    ['quota', 'period'].map((what) => textOf(read, `/sys/fs/cgroup/cpu/cpu.cfs_${what}_us`));
  // Without a limit it is `max` or -1, or there is no file.
  const cores = Number(limit) / Number(period);
  return cores > 0 ? cores : undefined;
}

function textOf(read: Read, path: string): string | undefined {
  try {
    return read(path);
  } catch {
    // Not Linux, or the other version of cgroups.
    return undefined;
  }
}

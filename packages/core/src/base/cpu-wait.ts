import { readFileSync } from 'node:fs';

const NS_PER_MS = 1_000_000;

/**
 * How long the main thread of a process has waited for a CPU since its start, in milliseconds: it was ready to run, and
 * other programs or a CPU limit kept it from running. Undefined where the operating system does not tell, which only
 * Linux does (`run_delay` of `/proc/<pid>/schedstat`), or when there is no such process.
 * @param pid - default: this process
 */
export function cpuWaitMs(pid: number = process.pid): number | undefined {
  try {
    const [, runDelayNs] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
    const waited = Number(runDelayNs) / NS_PER_MS;
    return Number.isFinite(waited) ? waited : undefined;
  } catch {
    // Another operating system, a kernel without these statistics, or the process has ended: then it is not known.
    return undefined;
  }
}

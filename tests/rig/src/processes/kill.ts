import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning } from './process-tree.js';

/** Whether a process with this id exists, on any platform. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it exists and belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Kills a process, or with a negative id a process group, that may have ended already. */
export function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Waits until processes have ended, and kills those that still run after `graceMs`. Linux only. */
export async function untilGone(pids: readonly number[], graceMs: number): Promise<void> {
  const deadline = Date.now() + graceMs;
  for (let left = pids.filter(isRunning); left.length > 0; left = left.filter(isRunning)) {
    if (Date.now() > deadline) for (const pid of left) killIfAlive(pid);
    await sleep(50);
  }
}

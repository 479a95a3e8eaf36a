import { open, readFile, rename, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Runs `work` while no other process of this machine holds the lock at `path`; a lock whose owner has died is taken over. */
export async function withBuildLock<T>(
  path: string,
  work: () => Promise<T>,
  onWait: () => void,
): Promise<T> {
  for (let waited = false; !(await tryLock(path)); waited = true) {
    if (!waited) onWait();
    await breakStaleLock(path);
    await sleep(500);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function tryLock(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(`${process.pid}\n`);
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function breakStaleLock(path: string): Promise<void> {
  const owner = Number.parseInt(await readFile(path, 'utf8').catch(() => ''), 10);
  // No number: the owner is about to write it, or has just let go.
  if (Number.isNaN(owner) || isAlive(owner)) return;
  // Renamed first, so that of several waiters only one removes it.
  const stale = `${path}.${process.pid}.stale`;
  const taken = await rename(path, stale).then(
    () => true,
    () => false,
  );
  if (taken) await rm(stale, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: alive, and somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

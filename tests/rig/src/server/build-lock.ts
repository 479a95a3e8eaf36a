import { access, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../processes/kill.js';

/** Runs `work` with the lock at `path`, which one process of this machine can hold. The lock of a dead process is taken over. */
export async function withBuildLock<T>(
  path: string,
  work: () => Promise<T>,
  onWait: () => void,
  signal?: AbortSignal,
): Promise<T> {
  for (let waited = false; !(await tryLock(path)); waited = true) {
    if (!waited) onWait();
    await breakStaleLock(path);
    await sleep(500, undefined, { signal });
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

/** Options of {@link buildOnce}. */
export interface BuildOnceOptions {
  /** Creates the file or folder at the given path. When it fails, what it left there is deleted. */
  build: (partial: string) => Promise<unknown>;
  /** Called when another process is building it. */
  onWait: () => void;
  /** Ends the wait for another process. */
  signal?: AbortSignal | undefined;
  /** Whether the target is there and usable; default: whether it exists. */
  isThere?: () => Promise<boolean>;
}

/** Creates a file or folder that does not exist yet. One process of this machine builds it, the others wait. */
export async function buildOnce(
  target: string,
  { build, onWait, isThere = () => exists(target), signal }: BuildOnceOptions,
): Promise<void> {
  if (await isThere()) return;
  await mkdir(dirname(target), { recursive: true });
  const work = async (): Promise<void> => {
    // Another process may have built it while this one waited for the lock.
    if (await isThere()) return;
    const partial = `${target}.${process.pid}.partial`;
    try {
      await build(partial);
      await rename(partial, target);
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  };
  await withBuildLock(`${target}.lock`, work, onWait, signal);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
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
  // No number: the owner is about to write it, or has just released the lock.
  if (Number.isNaN(owner) || isAlive(owner)) return;
  // Renamed first, so that only one of several waiters deletes it.
  const stale = `${path}.${process.pid}.stale`;
  const taken = await rename(path, stale).then(
    () => true,
    () => false,
  );
  if (taken) await rm(stale, { force: true });
}

import { readFile } from 'node:fs/promises';

type Read = (path: string) => Promise<string>;

/**
 * The proportional memory (PSS) of several processes together, in bytes. Undefined if the system does not report it
 * or none of the processes exists any more. The kernel walks through all of their memory, so call it rarely.
 */
export async function proportionalMemory(
  pids: readonly number[],
  read: Read = (path) => readFile(path, 'utf8'),
): Promise<number | undefined> {
  const each = await Promise.all(pids.map((pid) => memoryOf(pid, read)));
  const known = each.filter((bytes) => bytes !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, bytes) => sum + bytes, 0);
}

async function memoryOf(pid: number, read: Read): Promise<number | undefined> {
  try {
    const kib = /^Pss:\s+(\d+) kB$/m.exec(await read(`/proc/${pid}/smaps_rollup`))?.[1];
    return kib === undefined ? undefined : Number(kib) * 1_024;
  } catch {
    // Not Linux, or the process has just ended.
    return undefined;
  }
}

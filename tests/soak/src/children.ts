import { readdir, readFile } from 'node:fs/promises';

/** A process that another one has started. */
export interface Child {
  readonly pid: number;
  /** As in `/proc`: `S` sleeping, `R` running, `T` stopped, `Z` ended and not waited for. */
  readonly state: string;
}

/** The processes a process has started, or all there are. Linux only. */
export async function childrenOf(parent: number | 'all'): Promise<readonly Child[]> {
  const found: Child[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(
      (error: NodeJS.ErrnoException) => {
        // It has ended since.
        if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined;
        throw error;
      },
    );
    // Its name, in brackets, may hold anything.
    const [state = '', ppid] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
    if (stat !== undefined && (parent === 'all' || Number(ppid) === parent))
      found.push({ pid: Number(name), state });
  }
  return found;
}

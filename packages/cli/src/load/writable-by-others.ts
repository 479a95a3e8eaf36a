import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { UsageError } from '../usage-error.js';
import type { PoolPath } from './load-pool.js';

const BY_OTHERS = 0o002;
const STICKY = 0o1000;

/**
 * Refuses agents that other users of the machine can change: their code would run as the worker's user, with its keys.
 * @throws UsageError that names the file or folder that everyone can write to
 */
export function refuseWritableByOthers({ path, folder }: PoolPath): void {
  // On Windows the mode says nothing about permissions.
  if (process.platform === 'win32') return;
  const files = path === folder ? readdirSync(folder).map((name) => join(folder, name)) : [path];
  for (const each of [folder, ...files]) {
    const stat = statSync(each, { throwIfNoEntry: false });
    // In a sticky folder, such as /tmp, other users cannot replace files they do not own.
    const open = ((stat?.mode ?? 0) & BY_OTHERS) !== 0;
    const sticky = stat?.isDirectory() === true && (stat.mode & STICKY) !== 0;
    if (open && !sticky)
      throw new UsageError(
        `every user of this machine can write to ${each}, and so run code in this worker: chmod o-w ${each}`,
      );
  }
}

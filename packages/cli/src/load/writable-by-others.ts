import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { UsageError } from '../usage-error.js';
import type { PoolPath } from './load-pool.js';

const BY_OTHERS = 0o002;
const STICKY = 0o1000;

/**
 * In production nobody else on the machine may put code into the worker: they would run as its user, with its keys.
 * @throws UsageError naming the file or folder that everybody may write to
 */
export function refuseWritableByOthers({ path, folder }: PoolPath): void {
  // Everybody may have a mode of 0777 there, and it says nothing.
  if (process.platform === 'win32') return;
  const files = path === folder ? readdirSync(folder).map((name) => join(folder, name)) : [path];
  for (const each of [folder, ...files]) {
    const stat = statSync(each, { throwIfNoEntry: false });
    // In a sticky folder, such as /tmp, others cannot replace what is not theirs.
    const open = ((stat?.mode ?? 0) & BY_OTHERS) !== 0;
    const sticky = stat?.isDirectory() === true && (stat.mode & STICKY) !== 0;
    if (open && !sticky)
      throw new UsageError(
        `everybody on this machine may write to ${each}, and so run code in this worker: chmod o-w ${each}`,
      );
  }
}

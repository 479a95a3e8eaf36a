import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withBuildLock } from './build-lock.js';

it('lets one work at a time, and takes over the lock of a process that has died', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'openrtc-lock-'));
  const path = join(folder, 'lock');
  // No process has this id: Linux ends at 2^22.
  await writeFile(path, '99999999\n');
  let [working, most, waits] = [0, 0, 0];
  const work = async (): Promise<void> => {
    most = Math.max(most, ++working);
    await new Promise((resolve) => setTimeout(resolve, 20));
    working--;
  };
  await Promise.all([1, 2, 3].map(() => withBuildLock(path, work, () => waits++)));
  expect(most).toBe(1);
  expect(waits).toBe(3);
  await rm(folder, { recursive: true });
});

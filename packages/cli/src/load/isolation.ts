import type { PoolSettings } from '@openrtc/core';
import type * as isolation from '@openrtc/isolation-coroutine';

import type { LoadedPool } from './load-pool.js';
import { importFrom } from './import-from.js';
import { UsageError } from '../usage-error.js';

/**
 * One call, in the process of the command, whatever isolation the pool has: a process of calls would run the
 * command again.
 */
export async function inThisProcess({
  folder,
}: LoadedPool): Promise<Pick<PoolSettings, 'isolation'>> {
  const module = await importFrom('@openrtc/isolation-coroutine', folder);
  const { coroutine } = Object(module) as Partial<typeof isolation>;
  if (coroutine === undefined)
    throw new UsageError(
      'a call in the process of the command needs @openrtc/isolation-coroutine: npm install @openrtc/isolation-coroutine',
    );
  return { isolation: coroutine() };
}

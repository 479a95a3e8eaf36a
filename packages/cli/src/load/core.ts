import type * as core from '@openrtc/core';
import type * as host from '@openrtc/core/host';

import { UsageError } from '../usage-error.js';
import { importFrom } from './import-from.js';

/** `@openrtc/core` with its entry for commands: the copy that the user's agents import. */
export type Core = typeof core & typeof host;

/**
 * Loads the copy of core that the agents in a folder import.
 * @throws UsageError when it is not installed, or does not fit this command
 */
export async function loadCore(folder: string): Promise<Core> {
  const found = await withProduction(() => importFrom('@openrtc/core', folder));
  if (found === undefined)
    throw new UsageError(
      `@openrtc/core is not installed for ${folder}: npm install @openrtc/core @openrtc/isolation-coroutine @livekit/agents@~1.9.0 @livekit/rtc-node zod`,
    );
  const forCommands = await importFrom('@openrtc/core', folder, './host');
  if (forCommands === undefined)
    throw new UsageError(
      `the @openrtc/core installed for ${folder} does not fit this openrtc: install the same version of @openrtc/core and @openrtc/cli`,
    );
  return { ...(found as typeof core), ...(forCommands as typeof host) };
}

/** Sets NODE_ENV while rtc-node is loaded, which would otherwise log at debug level. The user's code does not see it. */
async function withProduction<Loaded>(load: () => Promise<Loaded>): Promise<Loaded> {
  if (process.env['NODE_ENV'] !== undefined) return load();
  process.env['NODE_ENV'] = 'production';
  try {
    return await load();
  } finally {
    delete process.env['NODE_ENV'];
  }
}

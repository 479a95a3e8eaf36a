import type * as core from '@openrtc/core';

import { UsageError } from '../usage-error.js';
import { importFrom } from './import-from.js';

/** `@openrtc/core`, in the copy that the user's agents import. */
export type Core = typeof core;

/** @throws UsageError when it is not installed, or too old for this command. */
export async function loadCore(folder: string): Promise<Core> {
  const found = (await asInProduction(() => importFrom('@openrtc/core', folder))) as
    | Core
    | undefined;
  if (found === undefined)
    throw new UsageError(
      `@openrtc/core is not installed for ${folder}: npm install @openrtc/core @openrtc/isolation-coroutine @livekit/agents@~1.9.0 @livekit/rtc-node zod`,
    );
  if (typeof found.hostCommand !== 'function')
    throw new UsageError(
      `the @openrtc/core of ${folder} does not fit this openrtc: install @openrtc/core and @openrtc/cli in one version`,
    );
  return found;
}

/** Unless this is set when rtc-node is loaded, it logs at debug level. The user's code finds it as it was. */
async function asInProduction<Loaded>(load: () => Promise<Loaded>): Promise<Loaded> {
  if (process.env['NODE_ENV'] !== undefined) return load();
  process.env['NODE_ENV'] = 'production';
  try {
    return await load();
  } finally {
    delete process.env['NODE_ENV'];
  }
}

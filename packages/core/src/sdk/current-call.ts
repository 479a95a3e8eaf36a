import { type JobContext, runWithJobContext } from '@livekit/agents';
import { AsyncLocalStorage } from 'node:async_hooks';

import type { Logger } from '../base/logger.js';
import type { Call } from '../call/call.js';
import type { SessionEnd } from '../call/session-end.js';

/** The call some code runs for. */
export interface CurrentCall extends Call {
  readonly ctx: JobContext;
  readonly end: SessionEnd;
  readonly logger: Logger;
}

const storage = new AsyncLocalStorage<CurrentCall>();

/** Runs `fn` as part of a call: `getJobContext()` and {@link currentCall} name it from here on. */
export function runInCall<T>(call: CurrentCall, fn: () => T): T {
  return storage.run(call, () => runWithJobContext(call.ctx, fn));
}

/** The call this code runs for; undefined outside of any. Never a guess. */
export function currentCall(): CurrentCall | undefined {
  return storage.getStore();
}

import { type JobContext, runWithJobContext } from '@livekit/agents';
import { AsyncLocalStorage } from 'node:async_hooks';

import { OpenRtcError, messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { isReported } from '../watch/reported-errors.js';
import type { SessionEnd } from '../call/session-end.js';

/** The call some code runs for. */
export interface CurrentCall {
  readonly jobId: string;
  readonly agent: string;
  readonly tenant: string;
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

/**
 * Ends the call whose own code raised an error nobody caught. False when no call can be named: the
 * worker must not go on as if nothing had happened.
 */
export function blameCurrentCall(error: unknown, origin: string): boolean {
  const call = currentCall();
  if (call === undefined) return false;
  // A hook's error was counted as that; a provider's is known to the session, and whether the call goes on
  // is the session's to say.
  if (origin === 'unhandled rejection' && isReported(error, call.jobId)) {
    call.logger.debug(
      { origin },
      'an error that was reported already was left unhandled by the SDK',
    );
    return true;
  }
  call.logger.error({ error, origin }, "an error nobody caught in the call's code ends the call");
  call.end.failed(
    new OpenRtcError('SESSION_UNCAUGHT', `${origin}: ${messageOf(error)}`, { cause: error }),
  );
  return true;
}

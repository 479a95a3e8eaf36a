import { OpenRtcError, messageOf } from '../base/errors.js';
import { currentCall } from '../sdk/current-call.js';
import { isReported } from './reported-errors.js';

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

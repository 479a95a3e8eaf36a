import { OpenRtcError, messageOf } from '../base/errors.js';
import { type CurrentCall, currentCall } from '../sdk/current-call.js';

const reported = new WeakMap<object, string>();
const failedLate = new WeakSet<CurrentCall>();

/** Notes that an error of a call has been counted and logged already, as the error of a hook or of a provider. */
export function markReported(error: unknown, jobId: string): void {
  if (typeof error === 'object' && error !== null) reported.set(error, jobId);
}

/**
 * Ends the call whose own code raised an error that nothing caught. Returns false when no call can be named: the worker
 * must then drain.
 * @param origin - `uncaught exception` or `unhandled rejection`, for the error
 */
export function blameCurrentCall(error: unknown, origin: string): boolean {
  const call = currentCall();
  if (call === undefined) return false;
  // The error of a hook has been counted; that of a provider is known to the session, which decides whether the call
  // goes on. The SDK awaits some of its promises that reject with such an error too late or never.
  if (origin === 'unhandled rejection' && isReported(error, call.jobId)) {
    call.logger.debug({ origin }, 'the SDK left an error unhandled that was reported already');
    return true;
  }
  if (call.end.outcome !== undefined) {
    late(call, error, origin);
    return true;
  }
  call.logger.error({ error, origin }, "an uncaught error in the call's code ends the call");
  call.end.failed(
    new OpenRtcError('SESSION_UNCAUGHT', `${origin}: ${messageOf(error)}`, { cause: error }),
  );
  return true;
}

/** Code that runs on after its call, such as an interval, may fail many times. */
function late(call: CurrentCall, error: unknown, origin: string): void {
  const level = failedLate.has(call) ? 'debug' : 'warn';
  failedLate.add(call);
  call.logger[level]({ error, origin }, 'an uncaught error in the code of a call that has ended');
}

function isReported(error: unknown, jobId: string): boolean {
  return typeof error === 'object' && error !== null && reported.get(error) === jobId;
}

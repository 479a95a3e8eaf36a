import { OpenRtcError } from '../base/errors.js';
import type { HangUpSignal } from '../call/hang-up.js';

/**
 * Waits until the place where a call will run is ready, a process for example. A call that is hung up while it waits
 * still has until its deadline to begin and to end normally, so a hang-up alone does not end the wait.
 * @param ready - resolves when the place is ready; its rejection is passed on
 * @param signal - the signal of {@link Isolation.run}
 * @throws OpenRtcError `ISOLATION_CLOSED` when the call was hung up and its deadline has passed
 */
export async function beforeDeadline<T>(ready: Promise<T>, signal: HangUpSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort = () => {};
  const tooLate = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      const deadline = signal.reason?.deadline ?? 0;
      const error = new OpenRtcError(
        'ISOLATION_CLOSED',
        'The call was hung up before the place it should run in was ready.',
      );
      timer = setTimeout(() => reject(error), deadline - Date.now());
    };
  });
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([ready, tooLate]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

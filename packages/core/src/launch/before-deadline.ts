import { OpenRtcError } from '../base/errors.js';
import type { HangUpSignal } from '../call/hang-up.js';

/**
 * Waits for the place a call is to run in. A call that is hung up meanwhile has until its deadline to begin,
 * and to end well; so a hang-up alone does not end the wait.
 * @param signal - that of {@link Isolation.run}
 * @throws OpenRtcError `ISOLATION_CLOSED` past the deadline
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

import { OpenRtcError } from '@openrtc/core';

/** The end of a process, as Node reports it. */
export interface Exit {
  /** Its process id; undefined if it was not started. */
  readonly pid: number | undefined;
  /** Its exit code; null if a signal ended it. */
  readonly code: number | null;
  /** The signal that ended it. */
  readonly signal: NodeJS.Signals | null;
  /** The end of its standard error. */
  readonly stderr: string;
}

const HEAP_FULL = /JavaScript heap out of memory|invalid table size/;

/** The error of the calls in a process that ended by itself. */
export function exitError(exit: Exit): OpenRtcError {
  if (HEAP_FULL.test(exit.stderr)) {
    return new OpenRtcError(
      'ISOLATION_MEMORY_LIMIT',
      `memory limit: the JavaScript heap of process ${exit.pid} was full`,
    );
  }
  return new OpenRtcError(
    'ISOLATION_LOST',
    `the process of the call (${exit.pid}) ended ${howEnded(exit)}`,
  );
}

/**
 * The error of a process that ended before it was ready.
 * @param reason - the line of its standard error with the reason, if there is one
 */
export function earlyExitError(
  exit: Pick<Exit, 'code' | 'signal'>,
  reason: string | undefined,
): OpenRtcError {
  if (exit.code === 0) return startFailed('your entry ended without a call of pool.run()');
  return startFailed(
    `the process ended ${howEnded(exit)} before it was ready${reason === undefined ? '' : `: ${reason}`}`,
  );
}

/** The error of a process that did not become ready. */
export function startFailed(why: string, cause?: unknown): OpenRtcError {
  return new OpenRtcError('ISOLATION_START_FAILED', `A process for calls did not start: ${why}.`, {
    cause,
  });
}

function howEnded({ code, signal }: Pick<Exit, 'code' | 'signal'>): string {
  return signal === null ? `with exit code ${code}` : `by ${signal}`;
}

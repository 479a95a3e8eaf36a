import { OpenRtcError, messageOf } from '../base/errors.js';
import { isWritingLog, logLineLost } from '../base/log-failures.js';
import type { Logger } from '../base/logger.js';
import { blameCurrentCall } from '../watch/blame.js';
import { interceptExit } from './intercept-exit.js';
import { isLeftExit } from './left-exit.js';
import { handleUncaught, warnOfOthers } from './uncaught-errors.js';
import { currentVerification } from './verification.js';

/** Actions of a worker for the signals and uncaught errors of its process. */
export interface ProcessActions {
  /** Called for the first of {@link END_SIGNALS}: accept no more calls. */
  drain(signal: NodeJS.Signals): void;
  /** Called for the second one: end the calls now. */
  close(signal: NodeJS.Signals): void;
  /** Called for an error that no call can be blamed for. */
  tainted(error: unknown): void;
}

/** The signals that ask a worker to end: by a supervisor, Ctrl-C, a closed terminal, and Ctrl-\. */
export const END_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const;

// A signal to a process group arrives twice when npm passes it on too. The second one must not count.
const SAME_SIGNAL_MS = 500;

/**
 * Handles {@link END_SIGNALS}, and everything that {@link installFaultHandlers} handles. The third signal kills the
 * process, because the second has not ended it.
 * @returns a function that removes the handlers
 */
export function installProcessHandlers(actions: ProcessActions, logger: Logger): () => void {
  let signals = 0;
  let lastAt = Number.NEGATIVE_INFINITY;
  const onSignal = (signal: NodeJS.Signals) => {
    const now = performance.now();
    if (now - lastAt < SAME_SIGNAL_MS) return;
    lastAt = now;
    signals += 1;
    if (signals === 1) {
      logger.info(
        { signal },
        'draining: no new calls, live ones go on to their end; signal again to end them now',
      );
      actions.drain(signal);
    } else if (signals === 2) {
      logger.warn({ signal }, 'ending live calls now; signal again to kill the process');
      actions.close(signal);
    } else {
      process.kill(process.pid, 'SIGKILL');
    }
  };
  warnOfOthers(logger);
  const uninstallFaults = installFaultHandlers(actions, logger);
  const uninstallSignals = onSignals(onSignal);
  return () => {
    uninstallFaults();
    uninstallSignals();
  };
}

/**
 * Ignores {@link END_SIGNALS}.
 * @returns a function that restores the handling
 */
export function ignoreSignals(logger: Logger): () => void {
  return onSignals((signal) =>
    logger.debug({ signal }, 'ignored a signal in a process of calls: the worker handles it'),
  );
}

function onSignals(listener: (signal: NodeJS.Signals) => void): () => void {
  for (const signal of END_SIGNALS) process.on(signal, listener);
  return () => {
    for (const signal of END_SIGNALS) process.off(signal, listener);
  };
}

/**
 * Handles uncaught exceptions, unhandled rejections, and `process.exit()` in the code of a call. Each ends the call whose
 * code caused it, or is that of the reload that has loaded the code; an error that neither can be blamed for is passed to
 * `tainted`. The error of a log line that cannot be written is nobody's.
 * @returns a function that removes the handlers
 */
export function installFaultHandlers(
  { tainted }: Pick<ProcessActions, 'tainted'>,
  logger: Logger,
): () => void {
  const onUncaught = (error: unknown, origin: string): boolean => {
    // First: the line may have been logged in the code of a call, which did nothing wrong.
    if (isWritingLog()) {
      logLineLost('the log', error);
      return true;
    }
    if (isLeftExit(error) || blameCurrentCall(error, origin)) return true;
    // No call has run it: it can be refused, or go on without harm.
    const reload = currentVerification();
    if (reload !== undefined) {
      reload.uncaught(error, origin);
      return true;
    }
    logger.error(
      { error, origin },
      'an error no call can be blamed for: draining, because this process can no longer be trusted',
    );
    tainted(error);
    return false;
  };
  const stop = handleUncaught(onUncaught, logger);
  const letExit = interceptExit(logger);
  return () => {
    letExit();
    stop();
  };
}

/** The error with which `run()` rejects after too many calls have failed in a row. */
export function unhealthyAfter(failures: number, last: string): OpenRtcError {
  return new OpenRtcError(
    'POOL_UNHEALTHY',
    `${failures} calls failed in a row because of this worker or its machine: draining, so that a supervisor can start a fresh worker. Live calls go on. Last error: ${last}`,
  );
}

/** The error with which `run()` rejects after an error that no call can be blamed for. */
export function taintedBy(error: unknown): OpenRtcError {
  return new OpenRtcError(
    'POOL_TAINTED',
    `An error no call can be blamed for: ${messageOf(error)}`,
    { cause: error },
  );
}

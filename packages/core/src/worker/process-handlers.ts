import type { Logger } from '../base/logger.js';
import { blameCurrentCall } from '../watch/blame.js';
import { interceptExit } from './intercept-exit.js';

/** What the signals and uncaught errors of the process do to a worker. */
export interface ProcessActions {
  /** First SIGTERM or SIGINT. */
  drain(): void;
  /** Second one: end the calls now. */
  close(): void;
  /** An error no call can be blamed for. */
  tainted(error: unknown): void;
}

// A signal to a whole process group arrives twice where npm passes it on as well: one wish, not two.
const SAME_WISH_MS = 500;

/**
 * Handles SIGTERM and SIGINT, and what {@link installFaultHandlers} handles, until the returned function is
 * called. The third signal kills the process: the second must have hung.
 */
export function installProcessHandlers(actions: ProcessActions, logger: Logger): () => void {
  let signals = 0;
  let lastAt = Number.NEGATIVE_INFINITY;
  const onSignal = (signal: NodeJS.Signals) => {
    const now = performance.now();
    if (now - lastAt < SAME_WISH_MS) return;
    lastAt = now;
    signals += 1;
    if (signals === 1) {
      logger.info(
        { signal },
        'draining: no new calls, live ones go on to their end; once more to end them now',
      );
      actions.drain();
    } else if (signals === 2) {
      logger.warn({ signal }, 'ending live calls now; once more to kill the process');
      actions.close();
    } else {
      process.kill(process.pid, 'SIGKILL');
    }
  };
  const uninstallFaults = installFaultHandlers(actions, logger);
  const uninstallSignals = onSignals(onSignal);
  return () => {
    uninstallFaults();
    uninstallSignals();
  };
}

/** Lets SIGTERM and SIGINT pass, until the returned function is called. */
export function ignoreSignals(logger: Logger): () => void {
  return onSignals((signal) =>
    logger.debug({ signal }, 'a signal to a process of calls: its worker decides'),
  );
}

function onSignals(listener: (signal: NodeJS.Signals) => void): () => void {
  process.on('SIGTERM', listener);
  process.on('SIGINT', listener);
  return () => {
    process.off('SIGTERM', listener);
    process.off('SIGINT', listener);
  };
}

/**
 * Handles uncaught exceptions, unhandled rejections and calls of `process.exit()` inside a call until the
 * returned function is called.
 */
export function installFaultHandlers(
  { tainted }: Pick<ProcessActions, 'tainted'>,
  logger: Logger,
): () => void {
  const onError = (origin: string) => (error: unknown) => {
    if (blameCurrentCall(error, origin)) return;
    logger.error(
      { error, origin },
      'an error no call can be blamed for: draining, because this process can no longer be trusted',
    );
    tainted(error);
  };
  const onException = onError('uncaught exception');
  const onRejection = onError('unhandled rejection');
  const letExit = interceptExit(logger);
  process.on('uncaughtException', onException);
  process.on('unhandledRejection', onRejection);
  return () => {
    letExit();
    process.off('uncaughtException', onException);
    process.off('unhandledRejection', onRejection);
  };
}

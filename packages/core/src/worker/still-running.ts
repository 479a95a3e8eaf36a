import type { Logger } from '../base/logger.js';

// Sockets and child processes that are closing have ended by then.
const PATIENCE_MS = 2_000;

/**
 * Logs what keeps the process alive after its run has ended, such as a timer that code of a call has left. It does not
 * keep the process alive itself.
 * @param busy - returns whether another pool runs in this process
 */
export function nameWhatKeepsAlive(logger: Logger, busy: () => boolean): void {
  setTimeout(() => {
    if (busy()) return;
    const resources: Record<string, number> = {};
    for (const kind of process.getActiveResourcesInfo())
      resources[kind] = (resources[kind] ?? 0) + 1;
    logger.info(
      { resources },
      'run() has ended, but the process goes on: what user code has left open keeps it alive (resources); close it in ctx.addShutdownCallback(), or call process.exit()',
    );
  }, PATIENCE_MS).unref();
}

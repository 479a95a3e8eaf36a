import type { Launcher } from '../launch/launcher.js';
import { DRAIN_GRACE_MS } from './ending.js';
import type { WorkerOptions } from './worker-options.js';

/** Ends the calls that are still live when a drain has taken `drainTimeoutMs`. Returns the timer. */
export function endLateCalls(
  {
    ending,
    resolved,
    audit,
    logger,
  }: Pick<WorkerOptions, 'ending' | 'resolved' | 'audit' | 'logger'>,
  launcher: Launcher,
): NodeJS.Timeout {
  const { drainTimeoutMs } = resolved;
  return setTimeout(() => {
    const { jobIds } = launcher;
    logger.warn({ drainTimeoutMs, jobIds }, 'the drain took too long: ending live calls');
    audit.draining('drain_timeout', { calls: 'end' });
    ending.drainTimedOut();
    launcher.hangUpAll({ reason: 'drain_timeout', deadline: Date.now() + DRAIN_GRACE_MS });
  }, drainTimeoutMs);
}

import type { Logger } from '../base/logger.js';
import { printable } from '../base/printable.js';
import type { SessionInfo } from '../call/call.js';
import type { SessionResult } from '../call/session-result.js';
import { isUnanswered } from '../call/session-turn.js';

/** Logs how a call has ended. */
export function logEnd(
  logger: Logger,
  { jobId, agent, tenant, room }: SessionInfo,
  result: SessionResult,
): void {
  const { status, reason, causedBy, detail, error, durationMs, faults, turns } = result;
  const call = { jobId, agent, tenant, room: printable(room) };
  const fields = { ...call, reason, causedBy, durationMs, faults, turns };
  switch (status) {
    case 'success':
      if (isUnanswered(turns))
        logger.warn({ ...fields, detail }, 'a call ended, and the caller got no answer in it');
      else logger.info({ ...fields, detail }, 'a call ended');
      break;
    case 'cancelled':
      logger.warn(fields, 'a call was ended by the worker');
      break;
    case 'failed':
      logger.error({ ...fields, error }, `a call failed: ${detail ?? ''}`);
      break;
  }
}

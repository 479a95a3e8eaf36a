import { alsoFailed } from '../base/every-step.js';
import type { Logger } from '../base/logger.js';
import type { ConnectRequest } from '../worker/local-call.js';
import type { RunAudit } from '../worker/run-audit.js';
import type { Worker } from '../worker/worker.js';

/** One call and no other. */
export async function connectOnly(
  worker: Worker,
  request: ConnectRequest,
  audit: RunAudit,
  logger: Logger,
): Promise<void> {
  try {
    await worker.connect(request);
  } catch (error) {
    audit.draining('connect', { error });
    await worker.drain().catch(alsoFailed(logger));
    throw error;
  }
  audit.draining('connect');
  // The call that was launched goes on to its end. The run waits for it, and reports how the worker ended.
  worker.drain().catch(() => {});
}

import type { voice } from '@livekit/agents';

import { OpenRtcError, messageOf } from '../base/errors.js';
import { timeBox } from '../base/time-box.js';
import type { PrewarmedCall } from '../call/call.js';
import { CallEnded } from '../call/session-end.js';
import { SETUP_MS } from '../call/session-limits.js';
import type { CurrentCall } from '../sdk/current-call.js';
import type { SessionRuntime } from './session-runtime.js';

/**
 * Runs the pool's `setup()` for a call. Its result, if any, becomes `session.userData`.
 * @throws OpenRtcError `SESSION_SETUP_FAILED` when it throws or takes longer than 10 s; CallEnded when the call ended
 * meanwhile
 */
export async function setUp(
  setup: SessionRuntime['setup'],
  session: voice.AgentSession,
  call: CurrentCall,
  info: PrewarmedCall,
): Promise<void> {
  if (setup === undefined) return;
  const work = (async () => setup(call.ctx, session, info))();
  const ran = await timeBox(SETUP_MS, () => call.end.orEnded(work));
  switch (ran.kind) {
    case 'done':
      if (ran.value !== undefined) session.userData = ran.value;
      break;
    case 'failed':
      if (ran.error instanceof CallEnded) throw ran.error;
      throw new OpenRtcError('SESSION_SETUP_FAILED', `setup() threw: ${messageOf(ran.error)}`, {
        cause: ran.error,
      });
    case 'timeout':
      work.catch((error: unknown) =>
        call.logger.error({ error }, 'setup() failed after its time was up'),
      );
      throw new OpenRtcError('SESSION_SETUP_FAILED', `setup() was not done within ${SETUP_MS} ms.`);
  }
}

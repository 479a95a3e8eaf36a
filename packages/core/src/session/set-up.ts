import type { voice } from '@livekit/agents';

import type { AgentConfig, SessionSetup } from '../agents/agent-options.js';
import { OpenRtcError, messageOf } from '../base/errors.js';
import { timeBox } from '../base/time-box.js';
import type { PrewarmedCall } from '../call/call.js';
import { SETUP_MS } from '../call/session-limits.js';
import type { CurrentCall } from '../sdk/current-call.js';

/** What prepares the session of a call. */
export interface SetUpSteps {
  /** The user data of the agent's options. */
  readonly userData: AgentConfig['userData'];
  /** The pool's `setup()`, then the agent's. */
  readonly setups: readonly (SessionSetup | undefined)[];
}

/**
 * Prepares the session of a call: sets its user data, then runs the `setup()` of the pool and of the agent. The result
 * of each, if any, becomes `session.userData`.
 * @throws OpenRtcError `SESSION_SETUP_FAILED` when one throws or all together take longer than 10 s; CallEnded when the
 * call ended meanwhile
 */
export async function setUp(
  steps: SetUpSteps,
  session: voice.AgentSession,
  call: CurrentCall,
  info: PrewarmedCall,
): Promise<void> {
  const work = runSteps(steps, session, call, info);
  const ran = await timeBox(SETUP_MS, () => call.end.orEnded(work));
  switch (ran.kind) {
    case 'done':
      return;
    case 'failed':
      throw ran.error;
    case 'timeout':
      work.catch((error: unknown) =>
        call.logger.error({ error }, 'setup() failed after its time was up'),
      );
      throw setUpFailed(`setup() was not done within ${SETUP_MS} ms.`);
  }
}

async function runSteps(
  { userData, setups }: SetUpSteps,
  session: voice.AgentSession,
  { ctx }: CurrentCall,
  info: PrewarmedCall,
): Promise<void> {
  if (userData !== undefined) {
    try {
      session.userData = await userData(info);
    } catch (cause) {
      throw setUpFailed(`userData() of agent '${info.agent}' threw: ${messageOf(cause)}`, cause);
    }
  }
  for (const setup of setups) {
    try {
      const data = await setup?.(ctx, session, info);
      if (data !== undefined) session.userData = data;
    } catch (cause) {
      throw setUpFailed(`setup() threw: ${messageOf(cause)}`, cause);
    }
  }
}

function setUpFailed(message: string, cause?: unknown): OpenRtcError {
  return new OpenRtcError(
    'SESSION_SETUP_FAILED',
    message,
    cause === undefined ? undefined : { cause },
  );
}

import type { voice } from '@livekit/agents';

import type { Logger } from '../base/logger.js';
import type { CallPatch } from './sdk-patch.js';

/** Reports each agent that takes over a session. */
export const handOffPatch: CallPatch = {
  scope: 'call',
  name: 'hand-offs',
  why: 'The SDK has no event for an agent that takes over that comes before its onEnter.',
  versions: '@livekit/agents 1.9',
  apply: watchHandOffs,
  undo: 'It ends with the session.',
};

/** The method with which the SDK sets the agent of a session: at the start, on a hand-off, for a task and after it. */
interface SessionInternals {
  _updateActivity?: (agent: voice.Agent, ...rest: unknown[]) => Promise<void>;
}

/** Calls `onAgent` with each agent that takes over, before its `onEnter` is called. */
export function watchHandOffs(
  session: voice.AgentSession,
  onAgent: (agent: voice.Agent) => void,
  logger: Logger,
): void {
  const internals = session as unknown as SessionInternals;
  const { _updateActivity: updateActivity } = internals;
  if (typeof updateActivity === 'function') {
    internals._updateActivity = (agent, ...rest) => {
      onAgent(agent);
      return updateActivity.call(session, agent, ...rest);
    };
    return;
  }
  // At least the public method; an AgentTask does not use it.
  logger.debug({}, 'AgentSession._updateActivity is gone: hooks of agent tasks are not watched');
  const updateAgent = session.updateAgent.bind(session);
  session.updateAgent = (agent) => {
    onAgent(agent);
    updateAgent(agent);
  };
}

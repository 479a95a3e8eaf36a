import type { voice } from '@livekit/agents';

import { claimForHandOff, setCallOf } from './agent-owners.js';
import type { CurrentCall } from './current-call.js';
import type { CallPatch } from './sdk-patch.js';

/** Reports each agent that takes over a session. */
export const handOffPatch: CallPatch = {
  scope: 'call',
  name: 'hand-offs',
  why: 'The SDK has no event for an agent that takes over that comes before its onEnter, and none for one that cannot.',
  versions: '@livekit/agents 1.9',
  apply: watchHandOffs,
  undo: 'It ends with the session.',
};

/** What is called about the agents that take over. */
export interface OnHandOff {
  /** Called with each agent that takes over, before its `onEnter` is called. */
  readonly takesOver: (agent: voice.Agent) => void;
  /**
   * Called when an agent could not take over.
   * @param mute - whether the session has no agent that answers from now on
   */
  readonly failed: (agent: voice.Agent, error: unknown, mute: boolean) => void;
}

interface SessionInternals {
  /** The method with which the SDK sets the agent of a session: at the start, on a hand-off, for a task and after it. */
  _updateActivity?: (agent: voice.Agent, ...rest: unknown[]) => Promise<void>;
  /** What runs the agent of the session. */
  readonly activity?: { readonly schedulingPaused?: boolean; readonly newTurnsBlocked?: boolean };
  /** The change of agents that `updateAgent()` has begun last. Nothing reads its error. */
  readonly updateActivityTask?: { readonly result: Promise<unknown> };
}

/** Watches the agents that take over the session of a call. */
export function watchHandOffs(
  session: voice.AgentSession,
  call: CurrentCall,
  { takesOver, failed }: OnHandOff,
): void {
  setCallOf(session, call);
  const internals = session as unknown as SessionInternals;
  const { _updateActivity: updateActivity } = internals;
  // Errors of changes that are reported already.
  let lost: readonly [unknown] | undefined;
  let first = true;
  // The last change that `updateAgent()` has begun, until it is done. It decides what becomes of the session.
  let coming: { readonly agent: voice.Agent } | undefined;
  const isLost = (agent: voice.Agent) =>
    (coming === undefined || coming.agent === agent) && isMute(internals);
  if (typeof updateActivity === 'function') {
    internals._updateActivity = async (agent, ...rest) => {
      // First, because an agent of another call is still watched for that one.
      claimForHandOff(agent, call);
      takesOver(agent);
      const starts = first;
      first = false;
      try {
        await updateActivity.call(session, agent, ...rest);
      } catch (error) {
        // What a start of the session throws fails the call anyway.
        if (!starts && isLost(agent)) {
          lost = [error];
          failed(agent, error, true);
        }
        throw error;
      }
    };
  } else {
    call.logger.debug(
      {},
      'AgentSession._updateActivity is gone: hooks of agent tasks are not watched',
    );
  }
  const updateAgent = session.updateAgent.bind(session);
  session.updateAgent = (agent) => {
    const { updateActivityTask: before } = internals;
    updateAgent(agent);
    // At least what comes by the public method; an AgentTask does not use it.
    if (typeof updateActivity !== 'function') takesOver(agent);
    const { updateActivityTask: change } = internals;
    if (change === undefined || change === before) return;
    const mine = { agent };
    coming = mine;
    change.result
      .catch((error: unknown) => {
        if (lost === undefined || lost[0] !== error) failed(agent, error, isLost(agent));
      })
      .finally(() => {
        if (coming === mine) coming = undefined;
      });
  };
}

/**
 * Whether a session whose change of agents has failed answers nobody any more. The SDK closes the agent before first,
 * and nothing brings it back.
 */
function isMute({ activity }: SessionInternals): boolean {
  return activity?.schedulingPaused !== false || activity.newTurnsBlocked !== false;
}

import { voice } from '@livekit/agents';

import { OpenRtcError, messageOf } from '../base/errors.js';
import { agentIdOf, classOf } from '../sdk/agent-owners.js';
import type { CurrentCall } from '../sdk/current-call.js';
import { watchHandOffs } from '../sdk/hand-offs.js';
import { refusalOf } from '../sdk/refused-hand-offs.js';
import type { CallReports } from './call-reports.js';
import { type HookName, HookWatch } from './watch-hooks.js';

/** Whether the session is being closed; it emits its event only later. */
interface SessionInternals {
  readonly _closing?: boolean;
}

/**
 * Reports failures of hooks and tools that the session survives: of the first agent, and of each one that takes over.
 * @returns the watch of the hooks. Close it at the end of the call: hook errors are still reported after it
 */
export function watchFaults(
  session: voice.AgentSession,
  first: voice.Agent,
  call: CurrentCall,
  faults: Pick<CallReports, 'hook' | 'tool'>,
): HookWatch {
  const internals = session as unknown as SessionInternals;
  const over = () => internals._closing === true || call.end.outcome !== undefined;
  const hooks = new HookWatch((agent: voice.Agent, hook: HookName, error: unknown) => {
    // A hook that is interrupted because the caller hung up has not failed. Only onExit runs at the end.
    if (over() && hook !== 'onExit')
      call.logger.debug(
        { hook, agentId: agentIdOf(agent) },
        'a hook was interrupted by the end of the call',
      );
    else faults.hook(agent, hook, error);
  });
  hooks.watch(first);
  watchHandOffs(session, call, {
    takesOver: (agent) => hooks.watch(agent),
    failed: (agent, error, mute) => {
      if (over()) {
        call.logger.debug({ error, agentId: agentIdOf(agent) }, 'an agent did not take over');
        return;
      }
      faults.hook(agent, 'updateAgent', error);
      if (mute) call.end.failed(gone(agent, error));
    },
  });
  session.on(voice.AgentSessionEventTypes.FunctionToolsExecuted, ({ functionCallOutputs }) => {
    // The entry of a tool without an output is undefined.
    for (const output of functionCallOutputs)
      if (output?.isError) faults.tool(output.name, output.output, refusalOf(output));
  });
  return hooks;
}

function gone(agent: voice.Agent, cause: unknown): OpenRtcError {
  return new OpenRtcError(
    'SESSION_AGENT_FAILED',
    `${classOf(agent).name} could not take over, and the agent before it has stopped: ${messageOf(cause)}`,
    { cause },
  );
}

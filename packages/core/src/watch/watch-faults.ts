import { voice } from '@livekit/agents';

import type { CurrentCall } from '../sdk/current-call.js';
import { watchHandOffs } from '../sdk/hand-offs.js';
import type { ReportSessionEvent } from '../call/session-event.js';
import { SessionFaultReporter } from './fault-reporter.js';
import { type HookName, HookWatch } from './watch-hooks.js';

/** The session is being closed, before it says so. */
interface SessionInternals {
  readonly _closing?: boolean;
}

/**
 * Reports what fails in a session's agents and tools and is survived: of the first agent, and of each
 * that takes over.
 * @returns stops the time boxes that run; errors of the hooks are told to their end
 */
export function watchFaults(
  session: voice.AgentSession,
  first: voice.Agent,
  call: CurrentCall,
  report: ReportSessionEvent,
): () => void {
  const faults = new SessionFaultReporter(call, report);
  const internals = session as unknown as SessionInternals;
  const over = () => internals._closing === true || call.end.outcome !== undefined;
  const hooks = new HookWatch((agent: voice.Agent, hook: HookName, error: unknown) => {
    // What breaks off because the caller hung up did not fail. Only onExit belongs to the end.
    if (over() && hook !== 'onExit')
      call.logger.debug({ hook, agentId: agent.id }, 'a hook ended with the call');
    else faults.hook(agent, hook, error);
  });
  hooks.watch(first);
  watchHandOffs(session, (agent) => hooks.watch(agent), call.logger);
  session.on(voice.AgentSessionEventTypes.FunctionToolsExecuted, ({ functionCallOutputs }) => {
    // A tool that has no output to tell leaves a hole.
    for (const output of functionCallOutputs)
      if (output?.isError) faults.tool(output.name, output.output);
  });
  return () => hooks.close();
}

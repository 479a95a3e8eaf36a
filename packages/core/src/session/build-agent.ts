import { voice } from '@livekit/agents';

import { OpenRtcError, isOpenRtcError, messageOf } from '../base/errors.js';
import { foreignSdk, isAgentClass, isForeignAgent } from '../agents/agent-class.js';
import type { AgentConfig } from '../agents/agent-options.js';
import type { PrewarmedCall } from '../call/call.js';
import { claimAgent, classOf } from '../sdk/agent-owners.js';
import { currentCall } from '../sdk/current-call.js';

/**
 * Builds the agent of a call: a new instance each time.
 * @throws OpenRtcError `SESSION_AGENT_FAILED` when the constructor or factory throws or does not return an agent,
 * `SESSION_AGENT_REUSED` when it returns one that another call has used
 */
export async function buildAgent(config: AgentConfig, call: PrewarmedCall): Promise<voice.Agent> {
  try {
    const { agent } = config;
    const built = isAgentClass(agent) ? new agent() : await agent(call);
    if (built instanceof voice.Agent) {
      const current = currentCall();
      if (current !== undefined && !claimAgent(built, current)) throw reused(config.name, built);
      return built;
    }
    // add() can check only a class; the result of a factory is checked here.
    if (isForeignAgent(built)) throw foreignSdk(`agent "${config.name}"`);
  } catch (cause) {
    if (isOpenRtcError(cause)) throw cause;
    throw new OpenRtcError(
      'SESSION_AGENT_FAILED',
      `Agent '${config.name}' could not be built: ${messageOf(cause)}`,
      { cause },
    );
  }
  throw new OpenRtcError(
    'SESSION_AGENT_FAILED',
    `The factory of agent '${config.name}' did not return a voice.Agent.`,
  );
}

function reused(name: string, agent: voice.Agent): OpenRtcError {
  return new OpenRtcError(
    'SESSION_AGENT_REUSED',
    `Agent '${name}' was used by another call, and it keeps the conversation of that call: build it in the factory for ` +
      `each call, () => ${classOf(agent).make}, not once outside of it.`,
  );
}

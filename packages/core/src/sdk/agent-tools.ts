import { llm, type voice } from '@livekit/agents';

import { messageOf } from '../base/errors.js';

/**
 * Checks that a model can be told the parameters of each tool of an agent. The SDK finds out in the next turn.
 * @throws Error that names the tool
 */
export function checkToolSchemas({ toolCtx }: voice.Agent): void {
  for (const { name, parameters } of Object.values(toolCtx.functionTools))
    try {
      llm.toJsonSchema(parameters);
    } catch (cause) {
      throw new Error(
        `the parameters of tool "${name}" cannot be told to a model: ${messageOf(cause)}`,
        {
          cause,
        },
      );
    }
}

/**
 * Gives a running agent other tools, for turns that begin in this tick as well: the SDK takes them one tick later.
 * Toolsets take as long as their setup.
 */
export function updateTools(
  agent: voice.Agent,
  tools: voice.Agent['toolCtx']['tools'],
): Promise<void> {
  // First, because it compares them with those of before.
  const updated = agent.updateTools([...tools]);
  const next = new llm.ToolContext([...tools]);
  if (next.toolsets.length === 0) agent._toolCtx = next;
  return updated;
}

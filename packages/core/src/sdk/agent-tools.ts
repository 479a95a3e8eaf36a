import { llm, type voice } from '@livekit/agents';

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

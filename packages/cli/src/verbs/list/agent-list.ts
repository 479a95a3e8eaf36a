import type { AgentConfig, AgentDefaults, Greeting } from '@openrtc/core';

/** An agent as `list` shows it: plain data, and nothing of what a provider holds. */
export interface ListedAgent {
  readonly name: string;
  /** The name of its class; `<factory>` for one that is built by a function. */
  readonly class: string;
  /** A model string, `<factory>`, or the class of a ready object, `<LLM>`. `null`: not set here. */
  readonly stt: string | null;
  readonly llm: string | null;
  readonly tts: string | null;
  readonly greeting: Greeting | null;
  /** The file it was discovered in. */
  readonly sourcePath: string | null;
  /** With `--resources`, where the file is known. */
  readonly sourceBytes?: number;
}

/** The agents with the defaults of their pool. What a constructor sets is not seen: none is called. */
export function describeAgents(
  agents: readonly AgentConfig[],
  defaults: AgentDefaults,
): readonly ListedAgent[] {
  return agents.map((agent) => ({
    name: agent.name,
    class: nameOf(agent.agent),
    stt: provider('stt', agent, defaults),
    llm: provider('llm', agent, defaults),
    tts: provider('tts', agent, defaults),
    greeting: (agent.greeting === undefined ? defaults.greeting : agent.greeting) ?? null,
    sourcePath: agent.sourcePath ?? null,
  }));
}

// In the order in which a call looks for it.
function provider(
  kind: 'stt' | 'llm' | 'tts',
  agent: AgentConfig,
  defaults: AgentDefaults,
): string | null {
  const value: unknown = [
    agent[kind],
    agent.session?.[kind],
    defaults[kind],
    defaults.session?.[kind],
  ].find((each) => each !== undefined);
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'function') return '<factory>';
  return `<${value.constructor?.name || 'object'}>`;
}

function nameOf(agent: AgentConfig['agent']): string {
  const isClass = /^class\b/.test(Function.prototype.toString.call(agent));
  return isClass ? agent.name || '<class>' : '<factory>';
}

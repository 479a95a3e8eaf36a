import type { AgentConfig, AgentDefaults, Greeting } from '@openrtc/core';

/** An agent in the list: plain data, without the contents of its providers. */
export interface ListedAgent {
  readonly name: string;
  /** The name of its class; `<factory>` for an agent built by a function. */
  readonly class: string;
  /** A model string, `<factory>`, or the class of a provider object, such as `<LLM>`. `null`: not set here. */
  readonly stt: string | null;
  readonly llm: string | null;
  readonly tts: string | null;
  readonly greeting: Greeting | null;
  /** The file it was discovered in. */
  readonly sourcePath: string | null;
  /** Size of the file in bytes; with `--resources`, when the file is known. */
  readonly sourceBytes?: number;
}

/** The output of `list --json`; see schemas/list.schema.json. */
export interface AgentList {
  readonly schemaVersion: 1;
  readonly command: 'list';
  readonly agents: readonly ListedAgent[];
  /** With `--resources`. */
  readonly resources?: Resources;
}

/** The size of the agents on disk and in memory. */
export interface Resources {
  readonly agentCount: number;
  /** Size of the agents' own files, without the files they import. */
  readonly totalSourceBytes: number;
  readonly agentsWithKnownSource: number;
  /** Memory of this process, with all agents loaded and none running. PSS is null where it is not known. */
  readonly memory: { readonly rssBytes: number; readonly pssBytes: number | null };
}

/** The agents with the defaults of their pool. No constructor is called, so what it sets is not included. */
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

// In the order in which a call resolves it.
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

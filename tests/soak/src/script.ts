/** The agents of the soak; each answers the recorded sentence of its name. */
export const AGENTS = ['order', 'support', 'hours'] as const;

/** Name of an agent, and of the sentence its callers say. */
export type AgentName = (typeof AGENTS)[number];

/** What the agent says first. */
export function greetingOf(name: AgentName): string {
  return `Welcome to ${name}.`;
}

/** What the agent says to the sentence of its callers. */
export function replyOf(name: AgentName): string {
  return `${name} is on its way, goodbye.`;
}

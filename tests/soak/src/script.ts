/** The agents of the soak; each answers the recorded sentence of its name. */
export const AGENTS = ['order', 'support', 'hours'] as const;

/** Name of an agent, and of the sentence its callers say. */
export type AgentName = (typeof AGENTS)[number];

/**
 * What the agent says first. As long as greetings are: a caller's own connection may take half a second more on a
 * busy machine, and one that missed the greeting waits for it in vain.
 */
export function greetingOf(name: AgentName): string {
  return `Welcome to ${name}, nice to hear from you, what can I do for you?`;
}

/** What the agent says to the sentence of its callers. */
export function replyOf(name: AgentName): string {
  return `${name} is on its way, goodbye.`;
}

/** The agents of the soak; each answers the recorded sentence with its name. */
export const AGENTS = ['order', 'support', 'hours'] as const;

/** Name of an agent and of the sentence that its callers say. */
export type AgentName = (typeof AGENTS)[number];

/**
 * The agent's greeting. It is as long as a real one: on a busy machine a caller's own connection may take half a second
 * more, and a caller that misses the greeting waits for it in vain.
 */
export function greetingOf(name: AgentName): string {
  return `Welcome to ${name}, nice to hear from you, what can I do for you?`;
}

/** The agent's answer to the sentence of its callers. */
export function replyOf(name: AgentName): string {
  return `${name} is on its way, goodbye.`;
}

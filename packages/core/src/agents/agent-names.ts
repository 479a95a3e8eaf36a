/** The names of the registered agents, for routing. */
export interface AgentNames {
  /** True when an agent has this name. */
  has(name: string): boolean;
  /** All names, in the order of registration. */
  names(): readonly string[];
}

// Keeps a log line readable.
const MAX_LISTED = 20;

/** The registered names as a text for an error message: the first 20, and how many more there are. */
export function listNames(agents: AgentNames): string {
  const names = agents.names();
  if (names.length === 0) return 'no agent is registered';
  const more = names.length > MAX_LISTED ? ` and ${names.length - MAX_LISTED} more` : '';
  return `registered: ${names.slice(0, MAX_LISTED).join(', ')}${more}`;
}

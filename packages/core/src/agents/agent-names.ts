/** The registered agents, as far as routing has to know them. */
export interface AgentNames {
  has(name: string): boolean;
  /** In the order of registration. */
  names(): readonly string[];
}

// A line of a log, not a catalogue.
const MAX_LISTED = 20;

/** The registered names for a message, the first 20 of them. */
export function listNames(agents: AgentNames): string {
  const names = agents.names();
  if (names.length === 0) return 'no agent is registered';
  const more = names.length > MAX_LISTED ? ` and ${names.length - MAX_LISTED} more` : '';
  return `registered: ${names.slice(0, MAX_LISTED).join(', ')}${more}`;
}

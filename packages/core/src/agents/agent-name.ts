import { OpenRtcError } from '../base/errors.js';
import { printable } from '../base/printable.js';
import { kindOf } from '../base/kind-of.js';

// The name is also a prefix of room names, a value in metadata and a metric label.
const AGENT_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Checks the name of an agent. Returns it trimmed.
 * @throws CONFIG_INVALID_NAME unless it is 1-64 ASCII letters, digits, dashes or underscores.
 */
export function checkAgentName(name: unknown): string {
  if (typeof name !== 'string')
    throw invalid(`an agent's name must be a string, got ${kindOf(name)}`);
  const trimmed = name.trim();
  if (trimmed === '') throw invalid("an agent's name must not be blank");
  if (!AGENT_NAME.test(trimmed)) {
    throw invalid(
      `"${printable(trimmed)}" cannot be an agent's name: use 1-64 ASCII letters, digits, dashes or underscores`,
    );
  }
  return trimmed;
}

function invalid(message: string): OpenRtcError {
  return new OpenRtcError('CONFIG_INVALID_NAME', message);
}

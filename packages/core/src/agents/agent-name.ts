import { OpenRtcError } from '../base/errors.js';
import { printable } from '../base/printable.js';
import { kindOf } from '../base/kind-of.js';

// A prefix of room names, a key in metadata and a metric label.
const AGENT_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * The name of an agent, trimmed.
 * @throws CONFIG_INVALID_NAME when it is not 1-64 ASCII letters, digits, dashes or underscores.
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

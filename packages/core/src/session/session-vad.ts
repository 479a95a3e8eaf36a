import type { VAD } from '@livekit/agents';

import type { SharedModels } from './shared-models.js';
import type { TurnHandlingFacts } from './turn-handling.js';

/**
 * The VAD of a call, as `AgentSession` takes it: what the options say, `null` for none; else one over the
 * model of this process; undefined for the SDK's own. An agent's own VAD goes before all of these, in the SDK.
 */
export function sessionVad(
  user: VAD | null | undefined,
  { realtime, audioInput }: Pick<TurnHandlingFacts, 'realtime' | 'audioInput'>,
  models: SharedModels | undefined,
): VAD | null | undefined {
  if (user !== undefined) return user;
  // A realtime model hears for itself, and without audio there is nothing to detect.
  return realtime || !audioInput ? null : models?.vad?.();
}

import type { VAD } from '@livekit/agents';

import type { SharedModels } from './shared-models.js';
import type { TurnHandlingFacts } from './turn-handling.js';

/**
 * Returns the option `vad` of a call's `AgentSession`: the VAD of the user's options; without one, a VAD over the model
 * of this process. `null`: no VAD; undefined: the SDK's own. In the SDK, the VAD of an agent takes precedence over it.
 */
export function sessionVad(
  user: VAD | null | undefined,
  { realtime, audioInput }: Pick<TurnHandlingFacts, 'realtime' | 'audioInput'>,
  models: SharedModels | undefined,
): VAD | null | undefined {
  if (user !== undefined) return user;
  // A realtime model detects speech itself, and without audio there is nothing to detect.
  return realtime || !audioInput ? null : models?.vad?.();
}

import { inference, type voice } from '@livekit/agents';

import type { AgentDefaults } from '../agents/agent-options.js';
import { mergeOptions } from '../base/merge-options.js';

type TurnHandling = NonNullable<voice.AgentSessionOptions['turnHandling']>;

/** The facts that decide the defaults of a call's turn handling. */
export interface TurnHandlingFacts {
  /** Whether the agent receives audio from its caller. */
  readonly audioInput: boolean;
  /** Whether the model is a realtime model. */
  readonly realtime: boolean;
  /** Whether the SDK's local turn detector can be served in this process. */
  readonly turnDetector: boolean;
}

/**
 * Returns the turn handling of a call: the defaults, with the user's options merged into them one level deep, so that
 * `interruption: { minWords: 2 }` keeps the default mode. `turnDetection: null` turns turn detection off.
 *
 * Defaults: turns are detected by the SDK's local turn detector where `@openrtc/prewarm` serves it, otherwise by the
 * VAD. Interruptions are detected by the VAD; `mode: 'adaptive'` must be set explicitly, because it calls LiveKit
 * Cloud. For a realtime model, which detects turns itself, nothing is set.
 */
export function turnHandling(
  user: TurnHandling | undefined,
  facts: TurnHandlingFacts,
): TurnHandling {
  const merged: TurnHandling = { ...user };
  if (merged.turnDetection === undefined) {
    const detection = defaultTurnDetection(facts);
    if (detection !== undefined) merged.turnDetection = detection;
  }
  if (!facts.realtime) merged.interruption = { mode: 'vad', ...user?.interruption };
  return merged;
}

/** True when the local turn detector would be the default, but cannot be served. */
export function fallsBackToVad(user: TurnHandling | undefined, facts: TurnHandlingFacts): boolean {
  return (
    facts.audioInput && !facts.realtime && !facts.turnDetector && user?.turnDetection === undefined
  );
}

/** True unless the options of an agent say that its turns end otherwise. */
export function mayNeedTurnDetector(
  agent: Pick<AgentDefaults, 'session'>,
  defaults: Pick<AgentDefaults, 'session'> | undefined,
): boolean {
  const { turnHandling } = mergeOptions(defaults?.session, agent.session);
  const detection = turnHandling?.turnDetection;
  return typeof detection !== 'string' && detection !== null;
}

// Undefined lets the SDK decide, which asks a realtime model first.
function defaultTurnDetection(facts: TurnHandlingFacts): TurnHandling['turnDetection'] {
  if (!facts.audioInput) return null;
  if (facts.realtime) return undefined;
  // Created inside the call, because its constructor takes the inference executor of the job context.
  return facts.turnDetector ? new inference.TurnDetector({ version: 'v1-mini' }) : 'vad';
}

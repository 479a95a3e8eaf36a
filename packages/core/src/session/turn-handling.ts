import { inference, type voice } from '@livekit/agents';

type TurnHandling = NonNullable<voice.AgentSessionOptions['turnHandling']>;

/** What decides the defaults of a call's turn handling. */
export interface TurnHandlingFacts {
  /** The agent hears its caller. */
  readonly audioInput: boolean;
  /** The model is a realtime model. */
  readonly realtime: boolean;
  /** The SDK's local turn detector can be served in this process. */
  readonly turnDetector: boolean;
}

/**
 * The defaults for turn handling, with the user's options over them one level deep: `interruption:
 * { minWords: 2 }` keeps the default mode. Explicit `null` for `turnDetection` opts out.
 *
 * Default: the SDK's local turn detector where `@openrtc/prewarm` serves it, else the VAD; interruption
 * by VAD (`mode: 'adaptive'` is opted into, because it calls LiveKit's cloud). A realtime model, which
 * detects turns itself, gets nothing forced on it.
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

// Undefined leaves the choice to the SDK, which asks a realtime model first.
function defaultTurnDetection(facts: TurnHandlingFacts): TurnHandling['turnDetection'] {
  if (!facts.audioInput) return null;
  if (facts.realtime) return undefined;
  // Built here, inside the call: it takes the inference executor of the job context in its constructor.
  return facts.turnDetector ? new inference.TurnDetector({ version: 'v1-mini' }) : 'vad';
}

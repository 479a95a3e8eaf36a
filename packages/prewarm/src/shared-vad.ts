import type { VAD } from '@livekit/agents';

/** A VAD whose model a process loads once, for all of its calls. {@link silero} makes one. */
export interface SharedVad extends AsyncDisposable {
  /** Loads the model. Called once, before the first call; rejects when it cannot be had. */
  load(signal: AbortSignal): Promise<void>;
  /** A VAD for one call: nothing but the model is shared, so that all else goes with the call. */
  create(): VAD;
}

import type { VAD } from '@livekit/agents';

/** A VAD whose model a process loads once for all of its calls, such as {@link silero}. */
export interface SharedVad extends AsyncDisposable {
  /** Loads the model. Called once, before the first call. Rejects if the model cannot be loaded. */
  load(signal: AbortSignal): Promise<void>;
  /** Creates the VAD of one call. Only the model is shared: everything else is freed with the call. */
  create(): VAD;
}

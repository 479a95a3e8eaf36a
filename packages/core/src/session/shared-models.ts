import type { VAD, ipc } from '@livekit/agents';

import type { ModelMemory } from '../call/model-memory.js';

/**
 * Models that a process loads once and all of its calls share. `@openrtc/prewarm` implements it; core knows only this
 * interface.
 */
export interface SharedModels extends AsyncDisposable {
  /**
   * Loads everything that must be ready before the first call. Called once, before the worker registers. A rejection
   * stops the start with `PREWARM_FAILED`.
   * @param memory - decides whether a large model fits into the memory of the worker. Undefined: nothing is limited
   */
  load(signal: AbortSignal, memory?: ModelMemory): Promise<void>;
  /**
   * Runs the SDK's inference methods (`lk_eot_audio` for the turn detector) outside the thread that runs the calls.
   * Every `JobContext` gets this executor.
   */
  readonly executor: ipc.InferenceExecutor;
  /** True when the SDK's local turn detector can be served. Valid after {@link load}; may become false later. */
  readonly turnDetector: boolean;
  /**
   * Creates a VAD for one call, over the model that {@link load} has loaded. It is called inside the call, and no other
   * call uses the VAD. A VAD of the agent, or in the `session` options of agent or pool, takes precedence. Default: the
   * SDK's own VAD.
   */
  vad?(): VAD;
  /**
   * Returns the same models for a process whose inference runs in the worker. They load only what each process needs
   * itself (a VAD), and pass every inference method to `executor`. Default: nothing else is loaded there.
   * @param executor - runs inference methods in the worker
   * @param turnDetector - whether the worker serves the local turn detector
   */
  lentBy?(executor: ipc.InferenceExecutor, turnDetector: boolean): SharedModels;
}

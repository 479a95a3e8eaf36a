import type { VAD, ipc } from '@livekit/agents';

/**
 * The models a process loads once and all of its calls share. `@openrtc/prewarm` is one; core only
 * knows this shape.
 */
export interface SharedModels extends AsyncDisposable {
  /** Loads what is to be ready before the first call. Called once, before the worker registers. */
  load(signal: AbortSignal): Promise<void>;
  /**
   * Runs the SDK's inference methods (the turn detector's is `lk_eot_audio`) off the thread that
   * carries calls. Every `JobContext` gets this one.
   */
  readonly executor: ipc.InferenceExecutor;
  /** True when the SDK's local turn detector can be served. Valid after {@link load}. */
  readonly turnDetector: boolean;
  /**
   * A VAD for one call, over what {@link load} has loaded; called inside the call, and the call's alone. A VAD
   * of the agent, or in the `session` options of agent or pool, goes before it. Absent: the SDK's own.
   */
  vad?(): VAD;
  /**
   * The same models for a process that has its inference run elsewhere: it loads what each process needs
   * itself (a VAD), and hands every inference method to `executor`. Absent: nothing else is loaded there.
   * @param turnDetector - whether the local turn detector is served
   */
  lentBy?(executor: ipc.InferenceExecutor, turnDetector: boolean): SharedModels;
}

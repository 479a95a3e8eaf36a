import { type VADStream, inference } from '@livekit/agents';
import { OpenRtcError } from '@openrtc/core';

import { type LocalInference, loadLocalInference } from './local-inference.js';
import { SessionVadStream } from './session-vad-stream.js';
import type { SharedVad } from './shared-vad.js';

/**
 * The VAD of the SDK, with the same model and the same decisions. The SDK's own stream passes each frame through seven
 * web streams and emits an event for every window, 31 times a second and call, with speech or without. Together they
 * are the largest part of the CPU that a listening call uses on the JavaScript thread.
 */
export class BundledVad implements SharedVad {
  #local: LocalInference | undefined;

  /** Loads the model. Rejects with `PREWARM_FAILED`, or with the reason of `signal`. */
  async load(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const local = loadLocalInference();
    // On this thread, because it takes only a millisecond or two.
    local.initVad();
    this.#local = local;
  }

  /** A VAD for one call. Throws `POOL_STATE` before {@link load}. */
  create(): SessionVad {
    if (this.#local === undefined) throw new OpenRtcError('POOL_STATE', 'the VAD is not loaded');
    return new SessionVad(this.#local);
  }

  /** Does nothing: the model stays loaded until the process ends. */
  async [Symbol.asyncDispose](): Promise<void> {}
}

/** The VAD of one session. Its events go to that session only. */
export class SessionVad extends inference.VAD {
  readonly #local: LocalInference;

  /** @param options - as those of the SDK's VAD, with the same defaults */
  constructor(local: LocalInference, options?: ConstructorParameters<typeof inference.VAD>[0]) {
    super(options);
    this.#local = local;
  }

  /** Starts to listen, with the model that the process has loaded. */
  override stream(): VADStream {
    return new SessionVadStream(this, this.#local, () => this._opts);
  }
}

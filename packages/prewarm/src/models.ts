import { OpenRtcError, type SharedModels } from '@openrtc/core';
import { loadLocalInference, localInferencePath } from './local-inference.js';
import { RunnerThread } from './runner-thread.js';
import { TurnDetector } from './turn-detector.js';

/** What {@link models} loads, and when. */
export interface ModelsOptions {
  /**
   * When to load the SDK's local turn detector, about 250 MB a process:
   *
   * - `on-demand` (default): with the first prediction. Costs a process nothing until a call needs
   *   it; that first prediction waits 150-250 ms more, and on a busy machine may miss the SDK's
   *   limit of 1000 ms, after which the SDK goes on without it
   * - `eager`: before the worker takes calls
   * - `false`: never; its predictions are refused
   */
  turnDetector?: 'on-demand' | 'eager' | false;
}

/** The SDK's name for a prediction of its audio turn detector. */
const AUDIO_TURN_DETECTION = 'lk_eot_audio';

/**
 * The models of one process, shared by all of its calls: the VAD, the turn detector, and the
 * inference runners that plugins register. Loading rejects with `PREWARM_FAILED`.
 */
export function models(options: ModelsOptions = {}): SharedModels {
  const { turnDetector = 'on-demand' } = options;
  if (turnDetector !== 'on-demand' && turnDetector !== 'eager' && turnDetector !== false) {
    throw new OpenRtcError(
      'CONFIG_INVALID_OPTION',
      `models({ turnDetector }) is 'on-demand', 'eager' or false, not ${JSON.stringify(turnDetector)}`,
    );
  }
  return new Models(turnDetector);
}

class Models implements SharedModels {
  readonly #when: 'on-demand' | 'eager' | false;
  readonly #runners = new RunnerThread();
  #detector: TurnDetector | undefined;
  #loaded = false;
  #disposed = false;

  readonly executor = {
    doInference: async (method: string, data: unknown): Promise<unknown> => {
      this.#assertOpen();
      if (method !== AUDIO_TURN_DETECTION) return this.#runners.run(method, data);
      if (this.#when === false) {
        throw new OpenRtcError(
          'PREWARM_FAILED',
          "the turn detector is off: models({ turnDetector: false }). Set 'on-demand', or give the " +
            "agent's session `turnHandling: { turnDetection: 'vad' }`.",
        );
      }
      return this.#openDetector().predict(samplesOf(data));
    },
  };

  constructor(when: 'on-demand' | 'eager' | false) {
    this.#when = when;
  }

  get turnDetector(): boolean {
    return this.#loaded && this.#when !== false;
  }

  async load(signal: AbortSignal): Promise<void> {
    this.#assertOpen();
    signal.throwIfAborted();
    // On this thread: it takes a millisecond or two.
    loadLocalInference().initVad();
    if (this.#when === 'eager') await orAborted(this.#openDetector().load(), signal);
    this.#loaded = true;
  }

  lentBy(executor: SharedModels['executor'], turnDetector: boolean): SharedModels {
    return {
      executor,
      turnDetector,
      // The VAD runs in every process; a turn detector in each would cost 250 MB a piece.
      async load(signal) {
        signal.throwIfAborted();
        loadLocalInference().initVad();
      },
      async [Symbol.asyncDispose]() {},
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await Promise.all([
      this.#detector?.[Symbol.asyncDispose](),
      this.#runners[Symbol.asyncDispose](),
    ]);
  }

  #openDetector(): TurnDetector {
    this.#detector ??= new TurnDetector(loadLocalInference(), localInferencePath());
    return this.#detector;
  }

  #assertOpen(): void {
    if (this.#disposed) throw new OpenRtcError('POOL_STATE', 'the shared models are closed');
  }
}

/** The samples in the SDK's `{ pcm }`: base64 of signed 16 bit, little endian. */
function samplesOf(data: unknown): Int16Array {
  const pcm = typeof data === 'object' && data !== null && 'pcm' in data ? data.pcm : undefined;
  if (typeof pcm !== 'string') {
    throw new TypeError(`${AUDIO_TURN_DETECTION} takes { pcm: base64 of signed 16 bit samples }`);
  }
  const bytes = Buffer.from(pcm, 'base64');
  // Copied: a Buffer may begin at an odd offset of its pool, where no Int16Array can.
  const samples = new Int16Array(bytes.byteLength >> 1);
  Buffer.from(samples.buffer).set(bytes.subarray(0, samples.byteLength));
  return samples;
}

/** `work`, or the reason of `signal` when that comes first; the work goes on then. */
function orAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

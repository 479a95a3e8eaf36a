import type { VAD } from '@livekit/agents';
import { type ModelMemory, type ModelSize, OpenRtcError, type SharedModels } from '@openrtc/core';
import { checkKeys } from '@openrtc/core/isolation';
import { BundledVad } from './bundled-vad.js';
import { loadLocalInference, localInferencePath } from './local-inference.js';
import { RunnerThread } from './runner-thread.js';
import type { SharedVad } from './shared-vad.js';
import { TurnDetector } from './turn-detector.js';

/** What {@link models} loads, and when. */
export interface ModelsOptions {
  /**
   * When the SDK's local turn detector is loaded, which takes about 250 MB per process:
   *
   * - `on_demand` (default): with the first prediction, which then takes 150-250 ms longer. On a busy machine it may
   *   miss the SDK's limit of 1000 ms; the SDK then ends that turn without it. `/readyz` does not wait for it
   * - `eager`: before the worker takes calls, and before `/readyz` answers 200
   * - `false`: never; predictions are refused
   *
   * Where it does not fit into the memory of the worker it is not loaded; that is logged, and turns end by VAD.
   */
  turnDetector?: 'on_demand' | 'eager' | false;
  /**
   * The VAD of calls without one of their own, such as {@link silero}. Default: the VAD of the SDK, which does not run
   * on the JavaScript thread.
   */
  vad?: SharedVad;
}

const KEYS = ['turnDetector', 'vad'] as const satisfies readonly (keyof ModelsOptions)[];

/** The SDK's name for a prediction of its audio turn detector. */
const AUDIO_TURN_DETECTION = 'lk_eot_audio';

const DETECTOR: ModelSize = {
  name: 'the turn detector',
  // Measured: 229 MiB, without the files that are mapped.
  bytes: 260 * 1_048_576,
  without: 'Turns end by VAD.',
};

/**
 * The models of one process, which all of its calls share: the VAD, the turn detector, and the inference runners that
 * plugins register. Loading rejects with `PREWARM_FAILED`.
 */
export function models(options: ModelsOptions = {}): SharedModels {
  // A second name, because the check would widen the type of its argument.
  const given: unknown = options;
  checkKeys('models()', given, KEYS);
  const { turnDetector = 'on_demand', vad } = options;
  if (turnDetector !== 'on_demand' && turnDetector !== 'eager' && turnDetector !== false) {
    throw new OpenRtcError(
      'CONFIG_INVALID_OPTION',
      `models({ turnDetector }) must be 'on_demand', 'eager' or false, got ${JSON.stringify(turnDetector)}`,
    );
  }
  if (vad !== undefined && !isSharedVad(vad)) {
    throw new OpenRtcError(
      'CONFIG_INVALID_OPTION',
      'models({ vad }) must be what silero() returns; pass a VAD object of your own as `session: { vad }`',
    );
  }
  return new Models(turnDetector, vad ?? new BundledVad());
}

// Users of JavaScript can pass anything.
function isSharedVad(vad: unknown): vad is SharedVad {
  const { load, create } = Object(vad) as Record<string, unknown>;
  return typeof load === 'function' && typeof create === 'function';
}

class Models implements SharedModels {
  readonly #when: 'on_demand' | 'eager' | false;
  readonly #vad: SharedVad;
  readonly #runners = new RunnerThread();
  #detector: TurnDetector | undefined;
  #memory: ModelMemory | undefined;
  #opening: Promise<boolean> | undefined;
  #fits = true;
  #loaded = false;
  #disposed = false;

  readonly executor = {
    doInference: async (method: string, data: unknown): Promise<unknown> => {
      this.#assertOpen();
      if (method !== AUDIO_TURN_DETECTION) return this.#runners.run(method, data);
      if (this.#when === false) {
        throw new OpenRtcError(
          'PREWARM_FAILED',
          "the turn detector is off: models({ turnDetector: false }). Set 'on_demand', or give the " +
            "agent's session `turnHandling: { turnDetection: 'vad' }`.",
        );
      }
      const samples = samplesOf(data);
      if (await this.#open()) return this.#openDetector().predict(samples);
      // As the SDK does where it cannot predict: the turn ends after the pause that the VAD has heard.
      return { probability: 1, inferenceDurationMs: 0 };
    },
  };

  constructor(when: 'on_demand' | 'eager' | false, vad: SharedVad) {
    this.#when = when;
    this.#vad = vad;
  }

  vad(): VAD {
    return this.#vad.create();
  }

  get turnDetector(): boolean {
    return this.#loaded && this.#when !== false && this.#fits;
  }

  async load(signal: AbortSignal, memory?: ModelMemory): Promise<void> {
    this.#assertOpen();
    this.#memory = memory;
    signal.throwIfAborted();
    await this.#vad.load(signal);
    if (this.#when === 'eager') await orAborted(this.#open(), signal);
    if (this.#when === 'on_demand') this.#fits = memory?.reserve(DETECTOR) ?? true;
    this.#loaded = true;
  }

  lentBy(executor: SharedModels['executor'], turnDetector: boolean): SharedModels {
    const vad = this.#vad;
    return {
      executor,
      turnDetector,
      // Each process runs its own VAD; a turn detector of its own would take 250 MB.
      load: (signal) => vad.load(signal),
      vad: () => vad.create(),
      [Symbol.asyncDispose]: () => vad[Symbol.asyncDispose](),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await Promise.all([
      this.#detector?.[Symbol.asyncDispose](),
      this.#runners[Symbol.asyncDispose](),
      this.#vad[Symbol.asyncDispose](),
    ]);
  }

  /** Loads the turn detector once. Resolves with false if it does not fit into the memory of the worker. */
  #open(): Promise<boolean> {
    if (!this.#fits) return Promise.resolve(false);
    this.#opening ??= this.#load().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #load(): Promise<boolean> {
    const load = () => this.#openDetector().load();
    if (this.#memory === undefined) await load();
    else this.#fits = await this.#memory.load(DETECTOR, load);
    return this.#fits;
  }

  #openDetector(): TurnDetector {
    this.#detector ??= new TurnDetector(loadLocalInference(), localInferencePath());
    return this.#detector;
  }

  #assertOpen(): void {
    if (this.#disposed) throw new OpenRtcError('POOL_STATE', 'the shared models are closed');
  }
}

/** The samples in the SDK's `{ pcm }`: signed 16 bit, little endian, as base64. */
function samplesOf(data: unknown): Int16Array {
  const pcm = typeof data === 'object' && data !== null && 'pcm' in data ? data.pcm : undefined;
  if (typeof pcm !== 'string') {
    throw new TypeError(`${AUDIO_TURN_DETECTION} takes { pcm: base64 of signed 16 bit samples }`);
  }
  const bytes = Buffer.from(pcm, 'base64');
  // A copy, because a Buffer may begin at an odd offset, and an Int16Array cannot.
  const samples = new Int16Array(bytes.byteLength >> 1);
  Buffer.from(samples.buffer).set(bytes.subarray(0, samples.byteLength));
  return samples;
}

/** Settles like `work`, or rejects with the reason of `signal` if it aborts first. The work is not stopped. */
function orAborted(work: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

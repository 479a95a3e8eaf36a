import { VAD } from '@livekit/agents';
import { OpenRtcError, isOpenRtcError } from '@openrtc/core';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { locateModule } from './locate-module.js';
import type { SharedVad } from './shared-vad.js';
import { type SileroOptions, resolveSileroOptions } from './silero-options.js';

const PACKAGE = '@livekit/agents-plugin-silero';

/** One loaded model, of `onnxruntime-node`. */
interface OnnxSession {
  release(): Promise<void>;
}

interface OnnxRuntime {
  readonly InferenceSession: {
    create(path: string, options: object): Promise<OnnxSession>;
  };
}

interface SileroPlugin {
  readonly VAD: new (
    session: OnnxSession,
    options: Required<SileroOptions> & { readonly forceCPU: boolean },
  ) => unknown;
}

/**
 * The VAD of `@livekit/agents-plugin-silero`, which must be installed, for `models({ vad: silero() })`. The model is
 * loaded once in a process, and each call has a VAD of its own.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION`
 */
export function silero(options: SileroOptions = {}): SharedVad {
  return new Silero(options);
}

/**
 * One ONNX session for the process, and for each call a VAD object of the plugin that uses it.
 *
 * It does not use `VAD.load()` of the plugin. If calls shared its result, that object would keep the stream of every
 * call, with a speech buffer of a minute, until the process ends. If each call used its own, the model would be loaded
 * for each call.
 */
export class Silero implements SharedVad {
  readonly #options: Required<SileroOptions>;
  readonly #locate: (name: string) => string | undefined;
  #loading: Promise<void> | undefined;
  #plugin: SileroPlugin | undefined;
  #session: OnnxSession | undefined;

  /** @param locate - finds the plugin's module */
  constructor(options: SileroOptions, locate: (name: string) => string | undefined = locateModule) {
    this.#options = resolveSileroOptions(options);
    this.#locate = locate;
  }

  async load(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await (this.#loading ??= this.#load());
    signal.throwIfAborted();
  }

  create(): VAD {
    const vad = this.#make();
    if (vad instanceof VAD) return vad;
    throw new OpenRtcError(
      'CONFIG_FOREIGN_SDK',
      `${PACKAGE} uses another copy of @livekit/agents than your agents: install the same version of both, and look for the second copy with npm ls @livekit/agents`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A load in progress would open a session that nobody releases.
    await Promise.allSettled([this.#loading]);
    const session = this.#session;
    this.#session = undefined;
    await session?.release();
  }

  #make(): unknown {
    if (this.#plugin === undefined || this.#session === undefined)
      throw new OpenRtcError('POOL_STATE', 'the model of silero() is not loaded');
    // The session runs on the CPU, see #load().
    return new this.#plugin.VAD(this.#session, { ...this.#options, forceCPU: true });
  }

  async #load(): Promise<void> {
    const path = this.#locate(PACKAGE);
    if (path === undefined)
      throw failed(`${PACKAGE} is not installed: npm install ${PACKAGE}@~1.9.0`);
    try {
      this.#plugin = (await import(pathToFileURL(path).href)) as SileroPlugin;
      // The plugin offers no other way to load the model than VAD.load(). So this uses the plugin's runtime, its model
      // and its settings. One thread is enough, because the predictions of a process run one after another anyway.
      const { InferenceSession } = createRequire(path)('onnxruntime-node') as OnnxRuntime;
      this.#session = await InferenceSession.create(join(dirname(path), 'silero_vad.onnx'), {
        interOpNumThreads: 1,
        intraOpNumThreads: 1,
        executionMode: 'sequential',
        executionProviders: [{ name: 'cpu' }],
      });
      // To fail now and not in every call.
      this.create();
    } catch (cause) {
      if (isOpenRtcError(cause)) throw cause;
      const { message } = cause as Error;
      throw failed(`${PACKAGE} is installed but could not be loaded: ${message}`, cause);
    }
  }
}

function failed(message: string, cause?: unknown): OpenRtcError {
  return new OpenRtcError('PREWARM_FAILED', message, { cause });
}

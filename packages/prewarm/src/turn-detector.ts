import { Worker } from 'node:worker_threads';
import { OpenRtcError } from '@openrtc/core';
import type { LocalInference } from './local-inference.js';

/**
 * The turn detector of one process: one model (about 250 MB), loaded once, asked by every call.
 */
export class TurnDetector implements AsyncDisposable {
  readonly #native: LocalInference;
  readonly #path: string;
  #loading: Promise<void> | undefined;
  #thread: Worker | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** @param path - absolute path of the package `native` was loaded from */
  constructor(native: LocalInference, path: string) {
    this.#native = native;
    this.#path = path;
  }

  /** Loads the model unless it is loaded. Rejects with `PREWARM_FAILED`; a later call tries again. */
  load(): Promise<void> {
    this.#loading ??= this.#start().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  /**
   * The probability, 0 to 1, that the speaker's turn has ended.
   * @param pcm - the last 1.2 s, mono, 16 kHz
   */
  predict(pcm: Int16Array): Promise<{ probability: number; inferenceDurationMs: number }> {
    // One at a time: every prediction that runs beside another grows the native scratch memory by
    // about 15 MB and never gives it back, and a call asks once a pause, for 25 to 40 ms.
    const result = this.#last.then(async () => {
      await this.load();
      const startedAt = performance.now();
      const probability = await this.#native.predict(pcm);
      return { probability, inferenceDurationMs: performance.now() - startedAt };
    });
    // The caller gets the failure; the next one in the queue must not.
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Ends a load under way, which rejects. The model itself stays until the process ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread?.terminate();
  }

  /**
   * Loading unpacks weights for about 200 ms, in one synchronous native call. On this thread that
   * would silence every call, so another thread makes it: native state belongs to the process, and
   * `predict()` works here afterwards.
   */
  #start(): Promise<void> {
    return new Promise((resolve, reject) => {
      // A string with an absolute path, not a file: bundling moves this module, and running the
      // tests from TypeScript sources leaves no JavaScript file a thread could start from.
      const code = `require(${JSON.stringify(this.#path)}).initEot();
        require('node:worker_threads').parentPort.postMessage('loaded')`;
      const thread = new Worker(code, {
        eval: true,
        // The loaders of the user's process have no work here.
        execArgv: [],
      });
      this.#thread = thread;
      const fail = (why: string, cause?: unknown): void => {
        reject(
          new OpenRtcError(
            'PREWARM_FAILED',
            `the turn detector of @livekit/local-inference ${why}`,
            {
              cause,
            },
          ),
        );
      };
      // Not the exit code: that of a thread ended before it began is 0 too.
      thread.once('message', () => resolve());
      thread.once('error', (error) =>
        fail(
          'failed to load; give the process 250 MB more, or use models({ turnDetector: false })',
          error,
        ),
      );
      thread.once('exit', () => {
        this.#thread = undefined;
        fail('was not loaded: its thread was ended');
      });
    });
  }
}

import { Worker } from 'node:worker_threads';
import { OpenRtcError } from '@openrtc/core';
import type { LocalInference } from './local-inference.js';

/** The turn detector of one process: one model of about 250 MB, which is loaded once and used by every call. */
export class TurnDetector implements AsyncDisposable {
  readonly #native: LocalInference;
  readonly #path: string;
  #loading: Promise<void> | undefined;
  #thread: Worker | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** @param path - absolute path of the package from which `native` was loaded */
  constructor(native: LocalInference, path: string) {
    this.#native = native;
    this.#path = path;
  }

  /** Loads the model, once. Rejects with `PREWARM_FAILED`; a later call tries again. */
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
    // One at a time: each parallel prediction adds about 15 MB of native memory, which is never freed. A call asks only
    // once in a pause, and a prediction takes 25 to 40 ms.
    const result = this.#last.then(async () => {
      await this.load();
      const startedAt = performance.now();
      const probability = await this.#native.predict(pcm);
      return { probability, inferenceDurationMs: performance.now() - startedAt };
    });
    // Only this caller gets the error, not the next one in the queue.
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Ends a load that is in progress, which then rejects. A loaded model stays until the process ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread?.terminate();
  }

  /**
   * Loads the model. That is one synchronous native call of about 200 ms, which would silence every call on this
   * thread. So another thread makes it: native state belongs to the process, and `predict()` works here afterwards.
   */
  #start(): Promise<void> {
    return new Promise((resolve, reject) => {
      // Not a file, because bundlers move files, and tests run TypeScript sources, from which a thread cannot start.
      const code = `require(${JSON.stringify(this.#path)}).initEot();
        require('node:worker_threads').parentPort.postMessage('loaded')`;
      const thread = new Worker(code, {
        eval: true,
        // Without the loaders of the user's process, which are not needed here.
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
      // Not by the exit code, which is 0 also for a thread that was ended before it began.
      thread.once('message', () => resolve());
      thread.once('error', (error) =>
        fail(
          'could not be loaded; give the process 250 MB more, or use models({ turnDetector: false })',
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

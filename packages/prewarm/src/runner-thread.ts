import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { InferenceRunner, loggerOptions } from '@livekit/agents';
import { OpenRtcError } from '@openrtc/core';
import {
  runnerThreadSource,
  type RunnerRequest,
  type RunnerResponse,
  type RunnerThreadData,
} from './runner-thread-source.js';

// The time that runners have to close their files before their thread is ended.
const CLOSE_TIMEOUT_MS = 2_000;

interface Waiting {
  readonly method: string;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Runs the inference runners that plugins register with the SDK, in one thread of their own: onnxruntime runs
 * synchronously, and would stop every call of this process for that time. The thread starts with the first request,
 * and each runner with the first request for it.
 */
export class RunnerThread implements AsyncDisposable {
  #thread: Worker | undefined;
  #nextId = 0;
  readonly #waiting = new Map<number, Waiting>();

  /**
   * Runs the runner that is registered for `method`. Rejects with `PREWARM_FAILED` when there is none, it cannot be
   * loaded, or the thread died (the next request starts a new one). Otherwise rejects with the runner's own error.
   */
  run(method: string, data: unknown): Promise<unknown> {
    const path = InferenceRunner.registeredRunners[method];
    if (path === undefined) {
      const known = ['lk_eot_audio', ...Object.keys(InferenceRunner.registeredRunners)].join(', ');
      return Promise.reject(
        new OpenRtcError(
          'PREWARM_FAILED',
          `no inference runner is registered for '${method}' (known: ${known}). Import the plugin ` +
            'that registers it in the file that creates the pool.',
        ),
      );
    }
    return this.#ask(method, { url: isAbsolute(path) ? pathToFileURL(path).href : path, data });
  }

  /**
   * Closes the runners, which have 2 s, then ends the thread. Unanswered requests reject. If `close()` of a runner
   * throws, the thread is ended as well, and this rejects with that error.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const thread = this.#thread;
    if (thread === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
    });
    try {
      await Promise.race([this.#ask('close', {}), timeout]);
    } finally {
      clearTimeout(timer);
      await thread.terminate();
    }
  }

  #ask(method: string, request: Omit<RunnerRequest, 'id'>): Promise<unknown> {
    const thread = (this.#thread ??= this.#start());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      // Before the request is recorded, because it throws for data that cannot be cloned.
      thread.postMessage({ id, ...request } satisfies RunnerRequest);
      this.#waiting.set(id, { method, resolve, reject });
      // Only requests keep the process alive, not an idle thread.
      thread.ref();
    });
  }

  #start(): Worker {
    const workerData: RunnerThreadData = {
      agentsUrl: import.meta.resolve('@livekit/agents'),
      logger: loggerOptions() ?? { pretty: false },
    };
    const thread = new Worker(runnerThreadSource, { eval: true, workerData });
    thread.on('message', (response: RunnerResponse) => this.#settle(thread, response));
    thread.unref();
    thread.once('error', (error) => this.#lose(thread, 'failed', error));
    thread.once('exit', (code) => this.#lose(thread, `ended with exit code ${code}`));
    return thread;
  }

  #settle(thread: Worker, response: RunnerResponse): void {
    const waiting = this.#waiting.get(response.id);
    if (waiting === undefined) return;
    this.#waiting.delete(response.id);
    if (this.#waiting.size === 0) thread.unref();
    if (response.failed === undefined) return waiting.resolve(response.result);
    const error = Object.assign(new Error(response.error.message), response.error);
    if (response.failed === 'run') return waiting.reject(error);
    waiting.reject(
      new OpenRtcError(
        'PREWARM_FAILED',
        `the inference runner of '${waiting.method}' could not be loaded: ${error.message}. If it needs a ` +
          "model file, download it first with the plugin's download-files command.",
        { cause: error },
      ),
    );
  }

  #lose(thread: Worker, why: string, cause?: unknown): void {
    // After 'error' comes 'exit'; by then there may be a new thread.
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { method, reject } of waiting) {
      reject(
        new OpenRtcError(
          'PREWARM_FAILED',
          `the thread of the inference runners ${why} during '${method}'`,
          {
            cause,
          },
        ),
      );
    }
  }
}

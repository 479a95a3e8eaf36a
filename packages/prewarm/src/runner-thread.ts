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

// What a runner gets to close its files before its thread is ended.
const CLOSE_TIMEOUT_MS = 2_000;

interface Waiting {
  readonly method: string;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Hosts the inference runners that plugins register with the SDK, in one thread of their own:
 * onnxruntime runs synchronously, and would stop every call of this process for as long.
 * The thread starts with the first request, each runner with its own first.
 */
export class RunnerThread implements AsyncDisposable {
  #thread: Worker | undefined;
  #nextId = 0;
  readonly #waiting = new Map<number, Waiting>();

  /**
   * Runs the runner registered for `method`. Rejects with `PREWARM_FAILED` when there is none, it
   * does not load, or its thread died (the next request starts a new one); else with its own error.
   */
  run(method: string, data: unknown): Promise<unknown> {
    const path = InferenceRunner.registeredRunners[method];
    if (path === undefined) {
      const known = ['lk_eot_audio', ...Object.keys(InferenceRunner.registeredRunners)].join(', ');
      return Promise.reject(
        new OpenRtcError(
          'PREWARM_FAILED',
          `no inference runner is registered for '${method}' (known: ${known}). Import the plugin ` +
            'that brings it in the file that builds the pool.',
        ),
      );
    }
    return this.#ask(method, { url: isAbsolute(path) ? pathToFileURL(path).href : path, data });
  }

  /**
   * Closes the runners (2 s at most), then ends the thread. Requests under way reject. Rejects, the
   * thread ended, with what a runner's `close()` threw.
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
      // First: it throws for data that cannot be cloned.
      thread.postMessage({ id, ...request } satisfies RunnerRequest);
      this.#waiting.set(id, { method, resolve, reject });
      // Kept alive by requests only, so that a forgotten thread does not keep the process.
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
        `the inference runner of '${waiting.method}' failed to load: ${error.message}. If it needs a ` +
          "model file, download it first with the plugin's download-files command.",
        { cause: error },
      ),
    );
  }

  #lose(thread: Worker, why: string, cause?: unknown): void {
    // An error is followed by an exit; by then another thread may have taken over.
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { method, reject } of waiting) {
      reject(
        new OpenRtcError(
          'PREWARM_FAILED',
          `the thread of inference runners ${why} during '${method}'`,
          {
            cause,
          },
        ),
      );
    }
  }
}

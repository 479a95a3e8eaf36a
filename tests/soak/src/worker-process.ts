import { RecordLog } from '@openrtc/test-rig';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { FromWorker, ToWorker } from './messages.js';
import type { Reading } from './reading.js';

const KEPT_OUTPUT = 8_000;
const START_MS = 60_000;
const ANSWER_MS = 60_000;
const EXIT_MS = 60_000;

/** Where the worker connects to. */
export interface LiveKitAddress {
  readonly url: string;
  readonly apiKey: string;
  readonly apiSecret: string;
}

/** The worker under test, run as an operator would: production, two malloc arenas. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #messages = new RecordLog<FromWorker>();
  readonly #lines = new RecordLog<string>();
  readonly #exited: Promise<unknown>;
  #output = '';

  private constructor(server: LiveKitAddress, temporaryFolder: string, isolation: string) {
    this.#child = fork(fileURLToPath(new URL('worker.js', import.meta.url)), [], {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        ...process.env,
        NODE_ENV: 'production',
        // Without it glibc keeps the memory of short-lived native threads in arenas of 64 MB each.
        MALLOC_ARENA_MAX: '2',
        // Of its own, so that the recordings of other workers do not count.
        TMPDIR: temporaryFolder,
        SOAK_ISOLATION: isolation,
        LIVEKIT_URL: server.url,
        LIVEKIT_API_KEY: server.apiKey,
        LIVEKIT_API_SECRET: server.apiSecret,
      },
    });
    const log = createWriteStream(new URL('../results/worker.log', import.meta.url));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.pipe(log, { end: false });
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
        this.#lines.append(text);
      });
    }
    this.#child.on('message', (message) => this.#messages.append(message as FromWorker));
    this.#exited = once(this.#child, 'exit').then(([code, signal]) => {
      log.end();
      const error = new Error(`The worker ended with ${String(code ?? signal)}:\n${this.#output}`);
      this.#messages.close(error);
      this.#lines.close(error);
    });
  }

  /** Starts a worker; resolves once the server knows it. */
  static async start(
    server: LiveKitAddress,
    temporaryFolder: string,
    isolation: string,
  ): Promise<WorkerProcess> {
    const worker = new WorkerProcess(server, temporaryFolder, isolation);
    await worker.#lines.waitFor((text) => text.includes('registered with LiveKit'), {
      what: 'the worker to register',
      timeoutMs: START_MS,
    });
    return worker;
  }

  /** Process id. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What it holds at this moment. */
  async read(): Promise<Reading> {
    const answer = await this.#ask({ type: 'read' });
    if (answer.type === 'reading') return answer.reading;
    throw new Error(`The worker could not be read: ${JSON.stringify(answer)}`);
  }

  /** Writes a heap snapshot of it. */
  async writeHeap(path: string): Promise<void> {
    await this.#ask({ type: 'heap', path });
  }

  /** Ends it as an operator would, and by force when that takes too long. */
  async close(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGTERM');
    }
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), EXIT_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #ask(question: ToWorker): Promise<FromWorker> {
    const from = this.#messages.all.length;
    this.#child.send(question);
    const what = `the worker's answer to '${question.type}'`;
    return this.#messages.waitFor(() => true, { what, from, timeoutMs: ANSWER_MS });
  }
}

import { type LiveKitAddress, WorkerProcess } from '@openrtc/test-rig';
import { createWriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { SoakOptions } from './options.js';
import type { FromWorker, Reading, ToWorker } from './reading.js';

const ANSWER_MS = 60_000;
const EXIT_MS = 60_000;

/** The worker under test, and the questions it answers. */
export class SoakWorker {
  readonly #worker: WorkerProcess<FromWorker>;

  private constructor(worker: WorkerProcess<FromWorker>) {
    this.#worker = worker;
  }

  /** Starts a worker; resolves once the server knows it. */
  static async start(
    server: LiveKitAddress,
    temporaryFolder: string,
    { isolation, music }: Pick<SoakOptions, 'isolation' | 'music'>,
  ): Promise<SoakWorker> {
    const log = createWriteStream(new URL('../results/worker.log', import.meta.url));
    const worker = new WorkerProcess<FromWorker>(server, {
      file: fileURLToPath(new URL('worker.js', import.meta.url)),
      execArgv: ['--expose-gc'],
      ipc: true,
      // A folder of its own: the recordings of other workers must not count.
      env: { TMPDIR: temporaryFolder, SOAK_ISOLATION: isolation, SOAK_MUSIC: music ? '1' : '' },
      onLine: (line) => log.write(`${line}\n`),
    });
    return new SoakWorker(await worker.registered());
  }

  /** Process id. */
  get pid(): number {
    return this.#worker.pid;
  }

  /** What the worker holds at this moment. */
  async read(): Promise<Reading> {
    const answer = await this.#ask({ type: 'read' });
    if (answer.type === 'reading') return answer.reading;
    throw new Error(`The worker could not be read: ${JSON.stringify(answer)}`);
  }

  /** Writes a heap snapshot of the worker. */
  async writeHeap(path: string): Promise<void> {
    await this.#ask({ type: 'heap', path });
  }

  /** Ends the worker as an operator would, and kills it when that takes too long. Resolves with how it ended. */
  async close(): Promise<string> {
    const { code, signal } = await this.#worker.stop(EXIT_MS);
    return code === null ? String(signal) : `code ${code}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #ask(question: ToWorker): Promise<FromWorker> {
    const what = `the worker's answer to '${question.type}'`;
    return this.#worker.ask(question, { what, timeoutMs: ANSWER_MS });
  }
}

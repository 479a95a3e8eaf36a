import { memoryOf } from '@openrtc/test-rig';

import type { DemoWorker } from './demo-worker.js';

/** How memory is measured here: PSS counts a page shared by n processes as 1/n, RSS as a whole one in each. */
export type MemoryKind = 'PSS' | 'RSS';

/** Memory of the worker as measured. */
export interface Memory {
  kind: MemoryKind;
  bytes: number;
}

/** Measures the worker's memory: PSS as Linux counts it, else RSS. */
export async function measureMemory(worker: DemoWorker): Promise<Memory> {
  // Undefined where there is no Linux, an old kernel, or a sandbox.
  const memory = memoryOf(worker.pid);
  if (memory !== undefined) return { kind: 'PSS', bytes: memory.pssMb * 2 ** 20 };
  return { kind: 'RSS', bytes: (await worker.state()).rssBytes };
}

const SAMPLE_MS = 250;

/** Keeps the highest memory of a stretch of time. */
export class PeakMemory {
  readonly #worker: DemoWorker;
  readonly #timer: NodeJS.Timeout;
  #highest = 0;
  #sampling = false;

  constructor(worker: DemoWorker) {
    this.#worker = worker;
    this.#timer = setInterval(() => void this.#sample(), SAMPLE_MS).unref();
  }

  /** The highest that was measured so far, in bytes, this moment included. */
  async soFar(): Promise<number> {
    const { bytes } = await measureMemory(this.#worker);
    this.#highest = Math.max(this.#highest, bytes);
    return this.#highest;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #sample(): Promise<void> {
    if (this.#sampling) return;
    this.#sampling = true;
    // A worker that has died is noticed by those who talk with it.
    const measured = await measureMemory(this.#worker).catch(() => undefined);
    this.#highest = Math.max(this.#highest, measured?.bytes ?? 0);
    this.#sampling = false;
  }
}

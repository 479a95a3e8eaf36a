import { memoryOf } from '@openrtc/test-rig';

import type { DemoWorker } from './demo-worker.js';

/** How memory is measured: PSS counts a page shared by n processes as 1/n, RSS counts it in full. */
export type MemoryKind = 'PSS' | 'RSS';

/** Memory of the worker. */
export interface Memory {
  kind: MemoryKind;
  bytes: number;
}

/** Measures the worker's memory: PSS on Linux, or else RSS. */
export async function measureMemory(worker: DemoWorker): Promise<Memory> {
  // Undefined on other systems, old kernels and in some sandboxes.
  const memory = memoryOf(worker.pid);
  if (memory !== undefined) return { kind: 'PSS', bytes: memory.pssMb * 2 ** 20 };
  return { kind: 'RSS', bytes: (await worker.state()).rssBytes };
}

const SAMPLE_MS = 250;

/** Measures memory regularly and keeps the highest value. */
export class PeakMemory {
  readonly #worker: DemoWorker;
  readonly #timer: NodeJS.Timeout;
  #highest = 0;
  #sampling = false;

  constructor(worker: DemoWorker) {
    this.#worker = worker;
    this.#timer = setInterval(() => void this.#sample(), SAMPLE_MS).unref();
  }

  /** The highest value so far, including now, in bytes. */
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
    // The death of the worker is reported by other requests to it.
    const measured = await measureMemory(this.#worker).catch(() => undefined);
    this.#highest = Math.max(this.#highest, measured?.bytes ?? 0);
    this.#sampling = false;
  }
}

import type { AvailabilityResponse } from '@livekit/protocol';
import type { EmbeddedJob } from './embedded-job.js';
import type { WorkerConnection } from './embedded-worker.js';

/** The result of a dispatch. */
export type Verdict =
  | {
      readonly kind: 'accepted';
      readonly worker: WorkerConnection;
      readonly answer: AvailabilityResponse;
    }
  | { readonly kind: 'terminated'; readonly worker: WorkerConnection }
  | { readonly kind: 'lost'; readonly why: string };

/** Options of {@link Dispatcher}. */
export interface DispatcherOptions {
  /** The registered workers. */
  readonly workers: () => readonly WorkerConnection[];
  /** Workers with this load or more get no jobs, whatever their status. */
  readonly targetLoad: number;
  /** Time that all workers together have to answer, in milliseconds. After that the job is lost, without a retry. */
  readonly availabilityTimeoutMs: number;
}

/** Finds a worker for a job by LiveKit's rules: each worker gets one offer, until one accepts. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #running = new Set<AbortController>();

  /** Starts without dispatches. */
  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Offers `job` until a worker accepts it. Never rejects. */
  async dispatch(job: EmbeddedJob): Promise<Verdict> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), this.#options.availabilityTimeoutMs);
    this.#running.add(deadline);
    try {
      return await this.#offerInTurn(job, deadline.signal);
    } finally {
      clearTimeout(timer);
      this.#running.delete(deadline);
    }
  }

  /** Cancels every dispatch in progress. */
  close(): void {
    for (const deadline of this.#running) {
      deadline.abort();
    }
  }

  async #offerInTurn(job: EmbeddedJob, signal: AbortSignal): Promise<Verdict> {
    const asked = new Set<WorkerConnection>();
    for (;;) {
      const able = this.#options
        .workers()
        .filter(
          (worker) => worker.serves(job.agentName) && !asked.has(worker) && this.#isAble(worker),
        );
      const worker = pick(able);
      if (worker === undefined) {
        return { kind: 'lost', why: this.#whyNone(job.agentName, asked.size) };
      }
      asked.add(worker);
      const answer = await worker.offer(job.toProto(worker.id), signal);
      if (answer === 'timeout') {
        const ms = this.#options.availabilityTimeoutMs;
        return {
          kind: 'lost',
          why: `timed out: worker ${worker.id} did not answer within ${ms} ms`,
        };
      }
      if (answer !== 'closed' && answer.available) {
        return { kind: 'accepted', worker, answer };
      }
      if (answer !== 'closed' && answer.terminate) {
        return { kind: 'terminated', worker };
      }
    }
  }

  #isAble(worker: WorkerConnection): boolean {
    const { status, load } = worker.snapshot;
    return status === 'available' && load < this.#options.targetLoad;
  }

  #whyNone(agentName: string, asked: number): string {
    if (asked > 0) {
      return `all refused: ${asked} worker(s) were asked`;
    }
    const { workers, targetLoad } = this.#options;
    const serving = workers().filter((worker) => worker.serves(agentName)).length;
    if (serving > 0) {
      return `no workers with sufficient capacity: ${serving} full, or at a load of ${targetLoad} or more`;
    }
    return agentName === ''
      ? 'no workers: none is registered without an agent name'
      : `no workers: none is registered under the agent name "${agentName}"`;
  }
}

/** Picks at random, weighted by free capacity: load 0 twice as often as load 0.5. */
function pick(workers: readonly WorkerConnection[]): WorkerConnection | undefined {
  const weights = workers.map(({ snapshot }) => Math.max(0, 1 - snapshot.load));
  let left = Math.random() * weights.reduce((sum, weight) => sum + weight, 0);
  return workers.find((_, at) => (left -= weights[at] ?? 0) <= 0) ?? workers.at(-1);
}

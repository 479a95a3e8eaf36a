/** A use of a provider as a worker writes it. */
export function used(given: object = {}): object {
  return { kind: 'llm', provider: 'openai', model: 'small', ...given };
}

/** Writes the lines of one run of a worker, numbered from 1. */
export class WorkerLines {
  readonly #worker: string;
  #seq = 0;

  constructor(worker = 'box-1-a') {
    this.#worker = worker;
  }

  line(kind: 'event' | 'snapshot', payload: object, timestamp = 1_000): string {
    this.#seq += 1;
    const head = { schemaVersion: 1, worker: this.#worker, seq: this.#seq, timestamp };
    return JSON.stringify({ ...head, kind, payload });
  }

  /** A line that was written, and is in no file. */
  lose(): void {
    this.#seq += 1;
  }

  started(jobId: string, more: object = {}): string {
    const call = { jobId, agent: 'sales', tenant: 'acme', room: 'lobby', startedAt: 0 };
    return this.line('event', { event: 'session_started', timestamp: 1_000, ...call, ...more });
  }

  ended(jobId: string, more: object = {}): string {
    const call = { jobId, agent: 'sales', tenant: 'acme', room: 'lobby', startedAt: 0 };
    const end = { status: 'success', reason: 'caller_left', durationMs: 60_000 };
    const usage = [used({ inputTokens: 100, cachedInputTokens: 40, outputTokens: 5 })];
    return this.line('event', {
      event: 'session_finished',
      timestamp: Date.UTC(2026, 10, 5),
      ...call,
      ...end,
      usage,
      ...more,
    });
  }

  snapshot(sessions: readonly object[] = [], timestamp = 2_000): string {
    return this.line('snapshot', { state: 'running', sessions }, timestamp);
  }
}

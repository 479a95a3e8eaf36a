/** The jobs that one registration has accepted, until LiveKit has their final status. */
export class LinkJobs {
  readonly #open = new Set<string>();
  readonly #joined = new Set<string>();
  #waiting: (() => void)[] = [];

  /** Adds a job: it was accepted. */
  open(jobId: string): void {
    this.#open.add(jobId);
  }

  /** Marks a job as running: its agent is in its room. */
  join(jobId: string): void {
    this.#joined.add(jobId);
  }

  /** Marks a job as ending: from now on only its final status is reported. */
  leave(jobId: string): void {
    this.#joined.delete(jobId);
  }

  /** Removes a job: LiveKit has its final status, or never assigned it. */
  close(jobId: string): void {
    this.#open.delete(jobId);
    if (this.#open.size === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** True from the acceptance of a job until {@link close}. */
  has(jobId: string): boolean {
    return this.#open.has(jobId);
  }

  /** The ids of the running jobs, which are reported again after a reconnect. */
  get joined(): readonly string[] {
    return [...this.#joined];
  }

  /** Resolves as soon as there is no job. */
  idle(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** The jobs one registration has said yes to, until LiveKit has their final status. */
export class LinkJobs {
  readonly #open = new Set<string>();
  readonly #joined = new Set<string>();
  #waiting: (() => void)[] = [];

  /** The job was accepted. */
  open(jobId: string): void {
    this.#open.add(jobId);
  }

  /** Its agent is in its room. */
  join(jobId: string): void {
    this.#joined.add(jobId);
  }

  /** It is ending: nothing but its final status is to be said of it. */
  leave(jobId: string): void {
    this.#joined.delete(jobId);
  }

  /** LiveKit has its final status, or never assigned it. */
  close(jobId: string): void {
    this.#open.delete(jobId);
    if (this.#open.size === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  has(jobId: string): boolean {
    return this.#open.has(jobId);
  }

  /** Jobs whose agents are in their rooms: said again after a reconnect. */
  get joined(): readonly string[] {
    return [...this.#joined];
  }

  /** Resolves as soon as no job is open. */
  idle(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
